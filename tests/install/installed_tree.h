// An installed tree in a folder of the test's own, and a shell beside it.

#ifndef GRADUS_TESTS_INSTALL_INSTALLED_TREE_H_
#define GRADUS_TESTS_INSTALL_INSTALLED_TREE_H_

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace gradus {

namespace fs = std::filesystem;

#ifdef __SANITIZE_ADDRESS__
constexpr char kSanitizerFlags[] = "-fsanitize=address,undefined";
#else
constexpr char kSanitizerFlags[] = "";
#endif

struct Outcome {
  int status;
  std::string output;
};

// Runs a shell command; the output is both streams.
inline Outcome Shell(const std::string& command) {
  FILE* pipe = popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  Outcome outcome;
  char piece[4096];
  for (size_t n; (n = fread(piece, 1, sizeof(piece), pipe)) > 0;) outcome.output.append(piece, n);
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
  return outcome;
}

class InstalledTree : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = new fs::path(fs::path(testing::TempDir()) / "installed_tree");
    fs::remove_all(*scratch_);
    // A blank in the path finds missing quotes.
    fs::create_directories(Prefix());
    const Outcome unpacked = Shell("tar --extract --file tools/install/gradus.tar --directory '" +
                                   Prefix().string() + "'");
    ASSERT_EQ(unpacked.status, 0) << unpacked.output;
  }
  static void TearDownTestSuite() {
    fs::remove_all(*scratch_);
    delete scratch_;
  }

  static fs::path Scratch() { return *scratch_; }
  static fs::path Prefix() { return *scratch_ / "the prefix"; }
  static std::string Program() { return "'" + (Prefix() / "bin/gradus").string() + "'"; }
  // What comes before a command that asks pkg-config.
  static std::string PkgConfigPath() {
    return "PKG_CONFIG_PATH='" + (Prefix() / "lib/pkgconfig").string() + "' ";
  }

 private:
  static inline fs::path* scratch_ = nullptr;
};

}  // namespace gradus

#endif  // GRADUS_TESTS_INSTALL_INSTALLED_TREE_H_
