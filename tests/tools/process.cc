// Processes, their streams, and files.

#include "tests/tools/process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace gradus {
namespace {

namespace fs = std::filesystem;

std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

}  // namespace

std::string FreshFolder(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder.string();
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> Names(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Outcome RunShell(const std::string& command) {
  static int count = 0;
  const std::string base = absl::StrCat(testing::TempDir(), "/streams-", getpid(), "-", ++count);
  const std::string whole = absl::StrCat("GRADUS=tools/gradus; { ", command, "\n} >", Quoted(base),
                                         ".out 2>", Quoted(base), ".err");
  const int status = std::system(whole.c_str());
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
  outcome.out = Contents(base + ".out");
  outcome.err = Contents(base + ".err");
  return outcome;
}

Outcome RunGradusAndSignal(const std::vector<std::string>& arguments, int lines, int signal) {
  Outcome outcome;
  int ends[2];
  if (pipe(ends) != 0) return outcome;
  std::vector<char*> argv = {const_cast<char*>("gradus")};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execv("tools/gradus", argv.data());
    _exit(127);
  }
  close(ends[1]);
  char piece[256];
  for (ssize_t n; (n = read(ends[0], piece, sizeof(piece))) > 0;) {
    const auto before = std::count(outcome.out.begin(), outcome.out.end(), '\n');
    outcome.out.append(piece, static_cast<size_t>(n));
    const auto after = std::count(outcome.out.begin(), outcome.out.end(), '\n');
    if (before < lines && after >= lines) kill(child, signal);
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
  return outcome;
}

Outcome RunGradus(const std::vector<std::string>& arguments) {
  std::string command = "exec tools/gradus";
  for (const std::string& argument : arguments) absl::StrAppend(&command, " ", Quoted(argument));
  // Its own shell, so that `exec` hands the exit status on as it is.
  return RunShell(absl::StrCat("(", command, ")"));
}

}  // namespace gradus
