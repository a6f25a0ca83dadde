// The installed tree is enough: strangers' builds find it, it runs from wherever it was put, and
// its headers need nothing else.
//
// The C++ example is built twice: by examples/CMakeLists.txt, and inside a host (testdata/host)
// that has a proto/optimizer.proto of its own. (Two files of one name in a process make protobuf
// abort before main().)
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include "tests/install/installed_tree.h"

namespace gradus {
namespace {

constexpr char kFlagsOfTheLibrary[] = "-ffp-contract=off -fno-math-errno";

class InstallTest : public InstalledTree {
 protected:
  // Configures and builds `source` with plain CMake; the build folder.
  static fs::path BuildWithCmake(const std::string& source, const std::string& name) {
    const fs::path build = Scratch() / name;
    const Outcome built =
        Shell("cmake -S '" + source + "' -B '" + build.string() + "' -DCMAKE_PREFIX_PATH='" +
              Prefix().string() + "' -DCMAKE_CXX_FLAGS='" + kSanitizerFlags + "' -DEXAMPLE_DIR='" +
              fs::absolute("examples").string() + "' && cmake --build '" + build.string() +
              "' --parallel 2");
    EXPECT_EQ(built.status, 0) << built.output;
    return build;
  }

  // The example saves its model into the folder that it is given.
  static Outcome RunExample(const fs::path& program) {
    return Shell("'" + program.string() + "' '" + (Scratch() / "sine_model").string() + "'");
  }

  // The example ends with its predictions of the sine of -1, 0 and 2, from 64 points of the curve.
  static void ExpectSine(const Outcome& run) {
    ASSERT_EQ(run.status, 0) << run.output;
    std::vector<std::string> lines;
    std::istringstream text(run.output);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    ASSERT_GE(lines.size(), 3u) << run.output;
    const double x[] = {-1, 0, 2};
    for (int i = 0; i < 3; ++i) {
      // 2000 updates leave a mean squared error far below 1e-3; 0.1 is three times its root.
      EXPECT_NEAR(std::atof(lines[lines.size() - 3 + i].c_str()), std::sin(x[i]), 0.1)
          << run.output;
    }
  }
};

TEST_F(InstallTest, ProgramRunsFromTheInstalledTree) {
  const Outcome run = Shell(Program() + " --help");
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_NE(run.output.find("train"), std::string::npos) << run.output;
}

TEST_F(InstallTest, ExampleBuildsWithPlainCmakeAndTrains) {
  const fs::path build = BuildWithCmake("examples", "example");
  ExpectSine(RunExample(build / "train_and_predict"));
  const Outcome flags =
      Shell("cat '" + (build / "CMakeFiles/train_and_predict.dir/flags.make").string() + "'");
  EXPECT_NE(flags.output.find(kFlagsOfTheLibrary), std::string::npos) << flags.output;
}

TEST_F(InstallTest, PkgConfigGivesTheFlagsThatKeepARulesBits) {
  const Outcome flags = Shell(PkgConfigPath() + "pkg-config --cflags-only-other gradus");
  EXPECT_NE(flags.output.find(kFlagsOfTheLibrary), std::string::npos) << flags.output;
}

TEST_F(InstallTest, ExampleRunsInAHostThatOwnsAProtoOptimizerProto) {
  const fs::path build = BuildWithCmake("tests/install/testdata/host", "host");
  const Outcome run = RunExample(build / "host");
  ExpectSine(run);
  EXPECT_NE(run.output.find("host.Optimizer of proto/optimizer.proto"), std::string::npos)
      << run.output;
}

TEST_F(InstallTest, HeadersAreClosedUnderIncludeAndPkgConfigFindsThem) {
  const fs::path source = Scratch() / "all.cc";
  {
    std::ofstream all(source);
    for (const auto& entry : fs::recursive_directory_iterator(Prefix() / "include")) {
      if (entry.path().extension() != ".h") continue;
      all << "#include \"" << fs::relative(entry.path(), Prefix() / "include").string() << "\"\n";
    }
    // Nothing that a host sees may drag in oneDNN.
    all << "#ifdef DNNL_TYPES_H\n#error oneDNN is visible\n#endif\n"
        << "int main() { return gradus::RunConfig().has_model() ? 1 : 0; }\n";
  }
  const std::string pkg_config = PkgConfigPath() + "pkg-config";
  const std::string program = (Scratch() / "all").string();
  const Outcome built =
      Shell("eval g++ -std=c++17 -Wall -Wextra -Werror " + std::string(kSanitizerFlags) + " \\'" +
            source.string() + "\\' -o \\'" + program + "\\' $(" + pkg_config +
            " --cflags --libs gradus)");
  ASSERT_EQ(built.status, 0) << built.output;
  const Outcome run =
      Shell("LD_LIBRARY_PATH='" + (Prefix() / "lib").string() + "' '" + program + "'");
  EXPECT_EQ(run.status, 0) << run.output;
}

TEST_F(InstallTest, InstalledProtosAreEnoughToExtendThem) {
  const fs::path proto = Scratch() / "acme.proto";
  std::ofstream(proto)
      << "syntax = \"proto2\";\npackage acme;\nimport \"gradus/optimizer.proto\";\n"
         "message Lion { optional double beta1 = 1; }\n"
         "extend gradus.OptimizerConfig { optional Lion lion = 1000; }\n";
  const Outcome compiled = Shell(
      "protoc '-I" + (Prefix() / "share/gradus/proto").string() + "' '-I" + Scratch().string() +
      "' '--cpp_out=" + Scratch().string() + "' '" + proto.string() + "'");
  EXPECT_EQ(compiled.status, 0) << compiled.output;
}

}  // namespace
}  // namespace gradus
