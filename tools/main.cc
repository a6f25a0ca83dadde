// gradus: trains, evaluates and runs models that are written in protobuf text. Each subcommand is a file beside this one and uses the
// public C++ API only.

#include <cstdio>

#include "gradus/train/non_finite.h"
#include "tools/command.h"

namespace gradus {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "gradus: %s\n", std::string(status.message()).c_str());
  return IsNonFinite(status) ? kNonFinite : kFailed;
}

}  // namespace gradus

int main(int argc, char** argv) {
  CLI::App app("Gradus trains and runs neural networks that are written in protobuf text.", "gradus");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done; 1 something is wrong with the configuration, the data or a file; 2 the command line;\n"
      "3 a number became NaN or infinite; 4 stopped by Ctrl-C or SIGTERM with the state saved.");
  gradus::RunFunction run;
  gradus::AddTrain(&app, &run);
  gradus::AddEval(&app, &run);
  gradus::AddPredict(&app, &run);
  gradus::AddCheck(&app, &run);
  gradus::AddGraph(&app, &run);
  gradus::AddList(&app, &run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? gradus::kOk : gradus::kUsage;
  }
  return run();
}
