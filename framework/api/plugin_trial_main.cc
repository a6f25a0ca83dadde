// libgradus.so as a program: the process in which a plugin is tried (plugin_trial.h). It says what it finds on the pipe that it was
// given. If all is well it ends as a program does, with the plugin's destructors, whose end is part of the trial; otherwise at once.

#include <dlfcn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "gradus/api/plugin_manifest.h"
#include "gradus/api/plugin_process_state.h"
#include "gradus/api/plugin_protos.h"
#include "gradus/api/plugin_rules.h"
#include "gradus/api/plugin_trial.h"
#include "gradus/base/file.h"
#include "gradus/base/registry.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

class Report {
 public:
  explicit Report(int file) : file_(file) {}
  void Say(const char* word, absl::string_view text = "") const {
    const std::string line = absl::StrCat(word, " ", absl::CEscape(text), "\n");
    for (size_t done = 0; done < line.size();) {
      const ssize_t wrote = write(file_, line.data() + done, line.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) _exit(EXIT_FAILURE);  // Nobody listens.
      done += static_cast<size_t>(wrote);
    }
  }

 private:
  const int file_;
};

// A library whose constructor throws leaves the dynamic loader in the middle of its work; here that does not matter.
absl::Status Load(const char* path) {
  try {
    if (dlopen(path, RTLD_NOW | RTLD_LOCAL) != nullptr) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat("cannot be loaded: ", dlerror()));
  } catch (const std::exception& error) {
    return absl::FailedPreconditionError(
        absl::StrCat("throws an exception while it is loaded: ", error.what()));
  } catch (...) {
    return absl::FailedPreconditionError("throws an exception while it is loaded");
  }
}

absl::Status Try(const char* path, const Report& report) {
  constexpr int64_t kMost = int64_t{1} << 31;
  GRADUS_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, kMost));
  GRADUS_ASSIGN_OR_RETURN(const PluginManifest manifest,
                          ReadPluginManifest(ReaderOf(std::move(bytes))));
  GRADUS_RETURN_IF_ERROR(CheckPluginManifest(manifest, OwnManifestLines()));
  GRADUS_ASSIGN_OR_RETURN(
      const PluginProtos protos,
      CheckPluginProtos(manifest.descriptor_set, [](const std::string&) { return ""; }));
  const std::vector<std::string> linked = LinkedProtoFiles();

  PendingRules pending;
  const std::vector<std::string> registered = AllRegistrationsInWords();
  const ProcessState before = ProcessState::Now();
  report.Say(kTrialBegins);
  GRADUS_RETURN_IF_ERROR(Load(path));
  report.Say(kTrialLoaded);
  const std::string changed = before.Difference(ProcessState::Now());
  if (!changed.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "changes ", changed, " of the process when it is loaded; leave that to the program"));
  }
  GRADUS_RETURN_IF_ERROR(CheckLinkedProtos(protos, linked));
  GRADUS_RETURN_IF_ERROR(CheckNoOthersRegistered(registered));
  GRADUS_RETURN_IF_ERROR(CheckPluginRules(pending, protos));
  // A message of each kind, as a text would make it.
  for (const google::protobuf::FieldDescriptor* extension : protos.extensions) {
    if (extension->message_type() == nullptr) continue;
    const google::protobuf::Descriptor* type =
        google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
            extension->message_type()->full_name());
    GRADUS_CHECK(type != nullptr);
    const std::unique_ptr<google::protobuf::Message> message(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    GRADUS_CHECK(message->GetDescriptor() == type);
  }
  for (const std::string& line : RegistrationsInWords(pending)) report.Say(kTrialRule, line);
  return absl::OkStatus();
}

}  // namespace
}  // namespace gradus

// argv: libgradus.so, the plugin, the number of the pipe's end.
extern "C" __attribute__((visibility("hidden"), used)) int gradus_plugin_trial_main(int argc,
                                                                                    char** argv) {
  if (argc != 3) {
    static const char kWords[] = "libgradus.so is a library; the program is gradus\n";
    const bool told = write(STDERR_FILENO, kWords, sizeof(kWords) - 1) > 0;
    _exit(told ? 2 : EXIT_FAILURE);
  }
  // A plugin that crashes leaves no memory image, and one that hangs ends with the process that waits for it.
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const gradus::Report report(std::atoi(argv[2]));
  const absl::Status status = gradus::Try(argv[1], report);
  if (status.ok()) {
    report.Say(gradus::kTrialFine);
  } else {
    report.Say(gradus::kTrialWrong,
               absl::string_view(status.message().data(), status.message().size()));
  }
  // A plugin that is refused is not asked any further.
  if (!status.ok()) _exit(EXIT_SUCCESS);
  std::exit(EXIT_SUCCESS);
}

// What a program's crt1.o does, for a main() of another name.
#if defined(__x86_64__)
__asm__(
    ".pushsection .text\n"
    ".globl gradus_plugin_trial\n"
    ".type gradus_plugin_trial,@function\n"
    "gradus_plugin_trial:\n"
    "xorl %ebp,%ebp\n"
    "movq %rdx,%r9\n"   // What the dynamic loader wants to run at the end.
    "popq %rsi\n"       // argc
    "movq %rsp,%rdx\n"  // argv
    "andq $-16,%rsp\n"
    "pushq %rax\n"
    "pushq %rsp\n"  // The end of the stack.
    "xorl %r8d,%r8d\n"
    "xorl %ecx,%ecx\n"
    "leaq gradus_plugin_trial_main(%rip),%rdi\n"
    "call *__libc_start_main@GOTPCREL(%rip)\n"
    "hlt\n"
    ".popsection\n");
#endif
