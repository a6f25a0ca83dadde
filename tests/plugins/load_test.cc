// Libraries of every kind, loaded: good ones work, the others are a Status and leave the process as it was.

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/optimizer_trace.h"
#include "gradus/api/plugin.h"
#include "gradus/base/registry.h"
#include "tests/plugins/plugin_testing.h"

namespace gradus {
namespace {

using google::protobuf::FileDescriptorSet;

std::string Hostilely(const std::string& what, double timeout = 60) {
  const Hostile hostile(what);
  PluginOptions options;
  options.timeout_seconds = timeout;
  return Refused(Library("hostile"), options);
}

// After "plugin FILE ".
std::string Reason(const std::string& what) {
  const std::string message = Hostilely(what);
  const std::string start = absl::StrCat("plugin ", Library("hostile"), " ");
  EXPECT_TRUE(absl::StartsWith(message, start)) << message;
  return message.substr(start.size());
}

// Runs first: what is refused here is loaded by the tests below.
TEST(ARefusedLibrary, ThatThrowsEndsOnlyTheTrial) {
  for (const char* what : {"throw", "throw 7", "abort", "terminate", "crash", "kill"}) {
    const std::string reason = Reason(what);
    EXPECT_TRUE(absl::StrContains(reason, "while it")) << reason;
    EXPECT_TRUE(absl::StrContains(reason, "was ended by signal") ||
                absl::StrContains(reason, "throws an exception") ||
                absl::StrContains(reason, "has ended with exit code"))  // By a sanitizer.
        << reason;
  }
  EXPECT_TRUE(absl::StrContains(Reason("throw"), "the constructor's own words"));
  EXPECT_EQ(
      Reason("kill"),
      "would end this program: the process that tried it was ended by signal 9 (Killed) while "
      "it was loaded");
  EXPECT_TRUE(absl::StrContains(Reason("abort"), "; it printed:\n  something is\n  rotten"));
}

TEST(ARefusedLibrary, ThatExitsEndsOnlyTheTrialAndTheCodeIsTold) {
  const std::string start =
      "would end this program: the process that tried it has ended with exit code ";
  const std::string end = " while it was loaded; its constructors must not end the process";
  EXPECT_EQ(Reason("_exit 0"), start + "0" + end);
  EXPECT_EQ(Reason("exit 0"), start + "0" + end);
  EXPECT_EQ(Reason("exit 3"), start + "3" + end);
  // Only the end of what it prints, and nothing is waited for that it has started.
  const std::string chatter = Reason("chatter");
  EXPECT_TRUE(absl::StrContains(chatter, "line 19999 of much"));
  EXPECT_LT(chatter.size(), 2000u);
  EXPECT_EQ(Reason("daemon"), start + "5" + end);
}

TEST(ARefusedLibrary, ThatDoesNotReturnIsGivenUp) {
  const std::string end =
      " did not end loading within 0.5 seconds in a process started to try it; its constructors "
      "must "
      "return";
  EXPECT_TRUE(absl::StrContains(Hostilely("hang", 0.5), end));
  EXPECT_TRUE(absl::StrContains(Hostilely("spin", 0.5), end));
}

TEST(ARefusedLibrary, IsToldInAHostThatDoesNotWaitForChildren) {
  const auto before = signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(Reason("exit 3"),
            "would end this program: the process that tried it has ended while it was loaded; its "
            "constructors must not end the process");
  EXPECT_TRUE(absl::StrContains(Reason("twice"), "registers hostile.rule twice"));
  signal(SIGCHLD, before);
}

TEST(ARefusedLibrary, ThatChangesTheProcessIsTold) {
  const std::string start = "changes ",
                    end = " of the process when it is loaded; leave that to the program";
  EXPECT_EQ(
      Reason("flush"),
      start + "the floating-point mode (denormal numbers become 0, as with -ffast-math or -Ofast)" +
          end);
  EXPECT_EQ(Reason("denormals"), Reason("flush"));
  EXPECT_EQ(Reason("round"), start + "the floating-point mode (it rounds the other way)" + end);
  EXPECT_EQ(Reason("trap"), start + "the floating-point mode (exceptions trap)" + end);
  EXPECT_EQ(Reason("x87"), start + "the floating-point mode (the x87 control word)" + end);
  EXPECT_EQ(Reason("locale"), start + "the locale" + end);
  EXPECT_EQ(Reason("folder"), start + "the working folder" + end);
  EXPECT_TRUE(absl::StartsWith(Reason("signal"), "changes what signal 2 (Interrupt) does"));
  EXPECT_EQ(Reason("mask"), start + "which signals are held back" + end);
  EXPECT_EQ(Reason("alarm"), start + "the timers (alarm, setitimer)" + end);
  EXPECT_EQ(Reason("timer"), Reason("alarm"));
  EXPECT_EQ(Reason("umask"), start + "the mask of new files' modes (umask)" + end);
  EXPECT_EQ(Reason("environment"), start + "the environment (GRADUS_TEST_LEFT_BEHIND)" + end);
  EXPECT_EQ(Reason("input"), start + "standard input" + end);
  EXPECT_EQ(Reason("output"), start + "standard output" + end);
  EXPECT_EQ(Reason("error"), start + "standard error" + end);
  // What the linker makes of -ffast-math.
  EXPECT_TRUE(absl::StrContains(Refused(Library("fast_math")), "denormal numbers become 0"));
}

TEST(ARefusedLibrary, ThatRegistersWhatIsNotItsOwnIsTold) {
  EXPECT_EQ(
      Reason("another's key"),
      "registers gradus.OptimizerConfig.adam, which is there already; a key is the full name of "
      "the plugin's own field");
  EXPECT_EQ(
      Reason("no field"),
      "registers an optimizer under hostile.nothing, which is no field that its protos extend "
      "Gradus by (hostile.rule, hostile.other)");
  EXPECT_EQ(
      Reason("a field of another message"),
      "registers an optimizer under hostile.other, which is a field of gradus.ScheduleConfig");
  EXPECT_EQ(Reason("twice"), "registers hostile.rule twice; one GRADUS_ line registers a rule");
  EXPECT_EQ(Reason("another message"),
            "registers an optimizer that takes hostile.Other under hostile.rule, whose field holds "
            "hostile.Rule");
  EXPECT_EQ(Reason("a number"),
            "registers a schedule that takes double under hostile.other, whose field holds "
            "hostile.Other");
  EXPECT_TRUE(absl::StartsWith(Reason("no rule"),
                               "has the field hostile.rule of gradus.OptimizerConfig and registers "
                               "nothing for it"));
  EXPECT_TRUE(absl::StrContains(Reason("no contract"), "a contract that plugins cannot bring"));
  EXPECT_EQ(Reason("null"), "registers an optimizer under hostile.rule that is a null pointer");
  // Such a thread's registrations do not wait to be accepted.
  const std::string thread =
      " from a thread of its own; the thread that loads a library must register all of it";
  EXPECT_EQ(Reason("thread"), "registers an optimizer hostile.rule" + thread);
  EXPECT_EQ(Reason("thread, twice"),
            "registers what is there already, \"gradus.OptimizerConfig.adam\" is registered twice" +
                thread);
}

TEST(ARefusedLibrary, ThatEndsTheProgramBadlyIsTold) {
  const std::string start = "would end this program badly when it ends: the process that tried it ";
  const std::string end = "; its destructors and what it gives to atexit must return";
  const std::string aborted = Reason("abort at exit");
  EXPECT_TRUE(aborted == start + "was ended by signal 6 (Aborted)" + end ||
              absl::StartsWith(aborted, start + "has ended with exit code "))  // By a sanitizer.
      << aborted;
  EXPECT_EQ(Reason("code 3 at exit"), start + "has ended with exit code 3" + end);
  EXPECT_TRUE(absl::StrContains(Hostilely("hang at exit", 3),
                                start + "did not end within 3 seconds" + end));
}

TEST(ARefusedLibrary, ThatPrintsToStandardOutputIsTold) {
  const std::string start =
      "prints to standard output while it is loaded or when the program ends, which belongs to the "
      "program:\n  ";
  EXPECT_EQ(Reason("print"), start + "hello from\n  the library");
  EXPECT_EQ(Reason("print at exit"), start + "farewell");
}

TEST(ARefusedLibrary, WithoutItsCodeIsTold) {
  EXPECT_TRUE(absl::StrContains(Refused(Library("undefined")), "undefined symbol: "));
  EXPECT_TRUE(absl::StrContains(Refused(Library("codeless")),
                                "lacks the code of its proto file \"codeless/hostile.proto\""));
  // Its manifest is of other protos than its code.
  const std::string bytes = BytesOf(Library("hostile"));
  FileDescriptorSet protos = ProtosOf(bytes);
  protos.mutable_file(0)->mutable_extension(0)->set_number(81234599);
  EXPECT_TRUE(absl::StrContains(Refused(WriteBytes("stale.so", WithProtos(bytes, protos))),
                                "has another \"hostile/hostile.proto\" in its code than in its "
                                "descriptor set"));
  protos.mutable_file(0)->set_name("hostile/other_name.proto");
  EXPECT_TRUE(absl::StrContains(Refused(WriteBytes("named.so", WithProtos(bytes, protos))),
                                "lacks the code of its proto file \"hostile/other_name.proto\""));
}

TEST(ARefusedLibrary, ThatIsNoneIsTold) {
  EXPECT_EQ(Refused("no/such.so"), "plugin no/such.so cannot be opened: No such file or directory");
  EXPECT_EQ(Refused(""), "plugin \"\" cannot be opened: it has no name");
  EXPECT_EQ(Refused("tests"), "plugin tests is no regular file");
  EXPECT_EQ(Refused("/dev/null"), "plugin /dev/null is no regular file");
  EXPECT_TRUE(absl::StrContains(Refused("examples/tutorial_adam.pbtxt"), "is no shared library"));
  EXPECT_TRUE(absl::StrContains(Refused(WriteBytes("empty.so", "")), "is empty"));
  EXPECT_TRUE(absl::StrContains(Refused("/lib/x86_64-linux-gnu/libz.so.1"), "without a manifest"));
}

TEST(ARefusedLibrary, CutAnywhereIsTold) {
  const std::string bytes = BytesOf(Library("acme_tilt"));
  for (int i = 1; i < 24; ++i) {
    const size_t size = bytes.size() * static_cast<size_t>(i) / 24;
    EXPECT_TRUE(
        absl::StrContains(Refused(WriteBytes("cut.so", bytes.substr(0, size))), "is cut off"))
        << size;
  }
}

TEST(ARefusedLibrary, OfOtherVersionsIsTold) {
  const std::string bytes = BytesOf(Library("acme_tilt"));
  const auto refused = [&bytes](const std::string& from, const std::string& to) {
    return Refused(WriteBytes("version.so", Replaced(bytes, from, to)));
  };
  EXPECT_TRUE(absl::StrContains(refused("gradus: 0.1.0", "gradus: 0.2.0"),
                                "version.so was built for something else than this program: gradus "
                                "is \"0.2.0\" and not \"0.1.0\"; build it again"));
  EXPECT_TRUE(absl::StrContains(refused("protobuf: 3", "protobuf: 4"), "protobuf is \"4"));
  EXPECT_TRUE(absl::StrContains(refused("compiler: gcc", "compiler: icc"), "compiler is \"icc"));
}

// From here on libraries are loaded for good.

TEST(AGoodLibrary, WorksAfterAllThat) {
  const auto loaded = LoadPlugin(Library("acme_tilt"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->name, "acme_tilt");
  EXPECT_EQ(loaded->keys, (std::vector<std::string>{"acme.tilt"}));
  EXPECT_EQ(loaded->path, std::filesystem::canonical(Library("acme_tilt")).string());
  EXPECT_TRUE(IsRegistered("acme.tilt"));

  OptimizerTraceOptions options;
  options.parameters = {1};
  options.gradients = {{2}, {-1}};
  const auto trace = TraceOptimizer(
      "[acme.tilt] { memory: 0.5 softness: 3 } learning_rate { constant: 0.25 }", "text", options);
  ASSERT_TRUE(trace.ok()) << trace.status();
  // m = 1, then 0; w falls by a quarter of 1 / 4.
  EXPECT_EQ(trace->rows, (std::vector<std::vector<double>>{{1 - 0.0625}, {1 - 0.0625}}));
}

TEST(AGoodLibrary, IsLoadedOnce) {
  const auto first = LoadPlugin(Library("acme_tilt"));
  ASSERT_TRUE(first.ok()) << first.status();
  const HostState before = HostState::Now();
  const size_t count = LoadedPlugins().size();
  const std::string link = WriteBytes("link.so", "");
  std::filesystem::remove(link);
  std::filesystem::create_symlink(std::filesystem::absolute(Library("acme_tilt")), link);
  for (const std::string& path : {Library("acme_tilt"), "./" + Library("acme_tilt"), link}) {
    const auto again = LoadPlugin(path);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->path, first->path);
    EXPECT_EQ(again->given, std::filesystem::canonical("tests/plugins/libraries") / "acme_tilt.so");
  }
  EXPECT_EQ(LoadedPlugins().size(), count);
  EXPECT_TRUE(before == HostState::Now());
  // A copy would bring the same messages again.
  EXPECT_TRUE(absl::StrContains(
      Refused(WriteBytes("copy.so", BytesOf(Library("acme_tilt")))),
      absl::StrCat("copy.so has a proto file called \"acme/tilt.proto\", and so has plugin ",
                   first->path, "; give it another name")));
}

TEST(AGoodLibrary, ClashesWithAnotherOnlyInAStatus) {
  ASSERT_TRUE(LoadPlugin(Library("acme_tilt")).ok());
  const std::string bytes = BytesOf(Library("hostile"));
  FileDescriptorSet protos = ProtosOf(bytes);
  protos.mutable_file(0)->mutable_extension(0)->set_number(81234501);
  EXPECT_TRUE(absl::StrContains(
      Refused(WriteBytes("number.so", WithProtos(bytes, protos))),
      "has the extension hostile.rule of gradus.OptimizerConfig with the number 81234501, which is "
      "that of acme.tilt of plugin /"));
  protos = ProtosOf(bytes);
  protos.mutable_file(0)->set_package("acme");
  protos.mutable_file(0)->mutable_message_type(0)->set_name("Tilt");
  for (auto& extension : *protos.mutable_file(0)->mutable_extension()) {
    extension.set_type_name(".acme.Tilt");
  }
  EXPECT_TRUE(
      absl::StrContains(Refused(WriteBytes("name.so", WithProtos(bytes, protos))),
                        "has the message acme.Tilt, and so has acme/tilt.proto of plugin /"));
}

TEST(AGoodLibrary, MayBringSchedulesFromManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<absl::Status> statuses(4);
  for (size_t i = 0; i < statuses.size(); ++i) {
    threads.emplace_back(
        [i, &statuses] { statuses[i] = LoadPlugin(Library("acme_ramp")).status(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& status : statuses) EXPECT_TRUE(status.ok()) << status;
  OptimizerTraceOptions options;
  options.parameters = {0};
  options.gradients = {{1}, {1}, {1}};
  const auto trace = TraceOptimizer("sgd {} learning_rate { [acme.ramp] { height: 1 length: 2 } }",
                                    "text", options);
  ASSERT_TRUE(trace.ok()) << trace.status();
  EXPECT_EQ(trace->rows, (std::vector<std::vector<double>>{{0}, {-0.5}, {-1.5}}));
  const auto half = TraceOptimizer("sgd {} learning_rate { [acme.half]: 0.5 }", "text", options);
  ASSERT_TRUE(half.ok()) << half.status();
  EXPECT_EQ(half->rows.back(), (std::vector<double>{-0.75}));
}

TEST(AGoodLibrary, ServesAGroupAndFollowsSchedulesLikeOurs) {
  ASSERT_TRUE(LoadPlugin(Library("acme_tilt")).ok());
  ASSERT_TRUE(LoadPlugin(Library("acme_ramp")).ok());
  OptimizerTraceOptions options;
  options.parameters = {1};
  options.gradients = {{2}, {-1}};
  const auto group = TraceOptimizer(
      "sgd {} learning_rate { constant: 1 } group { name: 'a' match: 'p' rule { [acme.tilt] { "
      "memory: "
      "0 softness: 2 } } }",
      "text", options);
  ASSERT_TRUE(group.ok()) << group.status();
  EXPECT_EQ(group->rows, (std::vector<std::vector<double>>{{0.5}, {0.5 + 1.0 / 3}}));
  // A memory of 0, then of 0.5: 2, then 1 - 0.5.
  const auto followed = TraceOptimizer(
      "[acme.tilt] { softness: 2 } learning_rate { constant: 1 } schedule { field: 'memory' follow "
      "{ "
      "[acme.ramp] { height: 0.5 length: 1 } } }",
      "text", options);
  ASSERT_TRUE(followed.ok()) << followed.status();
  EXPECT_EQ(followed->rows, (std::vector<std::vector<double>>{{0.5}, {0.5 - 0.5 / 2.5}}));
}

TEST(AGoodLibrary, IsOneChoiceAmongOthers) {
  ASSERT_TRUE(LoadPlugin(Library("acme_tilt")).ok());
  ASSERT_TRUE(LoadPlugin(Library("hostile")).ok());
  OptimizerTraceOptions options;
  options.parameters = {0};
  options.gradients = {{1}};
  const auto error = [&options](const std::string& rules) {
    return std::string(
        TraceOptimizer(rules + " learning_rate { constant: 1 }", "t", options).status().message());
  };
  EXPECT_TRUE(absl::StrContains(error("adam {} [acme.tilt] {}"),
                                "adam and [acme.tilt] are both set; only one of them can be"));
  EXPECT_TRUE(absl::StrContains(error("[hostile.rule] {} [acme.tilt] {}"),
                                " are both set; only one of them can be"));
  EXPECT_TRUE(absl::StrContains(error("[acme.tlt] {}"), "did you mean \"acme.tilt\"?"));
  EXPECT_TRUE(
      absl::StrContains(error("[acme.tilt] { softness: 0 }"), "softness 0 must be above 0"));
}

}  // namespace
}  // namespace gradus
