// gradus: trains, evaluates and runs models that are written in protobuf text. Each subcommand is a
// file beside this one and uses the public C++ API only.

#include <cstdio>
#include <exception>
#include <string>

#include "gradus/train/non_finite.h"
#include "tools/command.h"

namespace gradus {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "gradus: %s\n", std::string(status.message()).c_str());
  return IsNonFinite(status) ? kNonFinite : kFailed;
}

namespace {

int ParseAndRun(int argc, char** argv) {
  CLI::App app("Gradus trains and runs neural networks that are written in protobuf text.",
               "gradus");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done; 1 something is wrong with the configuration, the data or a file;\n"
      "2 something is wrong with the command line; 3 a number became NaN or infinite;\n"
      "4 stopped by Ctrl-C or SIGTERM with the state saved.");
  RunFunction run;
  AddTrain(&app, &run);
  AddEval(&app, &run);
  AddPredict(&app, &run);
  AddCheck(&app, &run);
  AddGraph(&app, &run);
  AddList(&app, &run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  return run();
}

}  // namespace
}  // namespace gradus

// CLI11 reports by exceptions; none leaves this file.
int main(int argc, char** argv) {
  try {
    return gradus::ParseAndRun(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gradus: %s\n", error.what());
    return gradus::kFailed;
  }
}
