// A library that does what the environment variable GRADUS_TEST_HOSTILE says while it is loaded, and nothing wrong without it.

#include <fcntl.h>
#include <fenv.h>
#include <pmmintrin.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>
#include <xmmintrin.h>

#include <clocale>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gradus/base/plugin.h"
#include "gradus/train/optimizer.h"
#include "gradus/train/schedule.h"
#include "hostile/hostile.pb.h"

GRADUS_PLUGIN("hostile.descriptor_set");

namespace hostile {
namespace {

using gradus::Optimizer;
using gradus::Registry;
using gradus::ScheduleFactory;

template <class Config>
class Still final : public Optimizer {
 public:
  const google::protobuf::Descriptor* config_type() const override { return Config::descriptor(); }
  std::vector<gradus::SlotSpec> Slots(const google::protobuf::Message&) const override {
    return {};
  }
  gradus::UpdateWatch Update(const gradus::UpdateStep&,
                             const gradus::UpdateRange<float>&) const override {
    return {};
  }
};

class Zero final : public gradus::Schedule {
 public:
  explicit Zero(const Other&) {}
  explicit Zero(double) {}
  double At(const gradus::ScheduleTime&) const override { return 0; }
};

class NotAContract {
 public:
  virtual ~NotAContract() = default;
};

template <class Config>
void AddRule(const char* key) {
  Registry<Optimizer>::Get().Add(key, std::make_unique<Still<Config>>());
}
template <class Config>
void AddSchedule(const char* key) {
  Registry<ScheduleFactory>::Get().Add(
      key, std::make_unique<gradus::internal::ScheduleFactoryOf<Zero, Config>>());
}

void Crash() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
}

void RegisterElsewhere(const std::string& what) {
  if (what == "thread") std::thread([] { AddRule<Rule>("hostile.rule"); }).join();
  if (what == "thread, twice") {
    std::thread([] { AddRule<Rule>("gradus.OptimizerConfig.adam"); }).join();
  }
}

void Register(const std::string& what) {
  if (what == "another's key") AddRule<Rule>("gradus.OptimizerConfig.adam");
  if (what == "no field") AddRule<Rule>("hostile.nothing");
  if (what == "a field of another message") AddRule<Other>("hostile.other");
  if (what == "no contract") {
    Registry<NotAContract>::Get().Add("hostile.thing", std::make_unique<NotAContract>());
  }
  if (what == "twice") AddRule<Rule>("hostile.rule");
  if (what == "null") {
    Registry<Optimizer>::Get().Add("hostile.rule", nullptr);
  } else if (what == "another message") {
    AddRule<Other>("hostile.rule");
  } else if (what != "no rule") {
    AddRule<Rule>("hostile.rule");
  }
  if (what == "a number") {
    AddSchedule<double>("hostile.other");
  } else if (what != "a field of another message") {
    AddSchedule<Other>("hostile.other");
  }
}

// Whether this is the process that tries libraries: its program is the dynamic loader.
bool Tried() {
  char program[4096] = "";
  return readlink("/proc/self/exe", program, sizeof(program) - 1) > 0 &&
         strstr(program, "ld-linux") != nullptr;
}

void ChangeProcess(const std::string& what) {
  if (what == "flush") _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
  if (what == "denormals") _MM_SET_DENORMALS_ZERO_MODE(_MM_DENORMALS_ZERO_ON);
  if (what == "round" || (what == "round where it is not tried" && !Tried())) {
    fesetround(FE_UPWARD);
  }
  if (what == "trap") feenableexcept(FE_DIVBYZERO);
  if (what == "x87") {
    const unsigned short single = 0x007F;
    __asm__ __volatile__("fldcw %0" : : "m"(single));
  }
  if (what == "locale") setlocale(LC_ALL, "C.UTF-8");
  if (what == "folder" && chdir("/") != 0) abort();
  if (what == "signal") signal(SIGINT, SIG_IGN);
  if (what == "mask") {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    sigprocmask(SIG_BLOCK, &one, nullptr);
  }
  if (what == "alarm") alarm(1000);
  if (what == "timer") {
    const itimerval later = {{0, 0}, {1000, 0}};
    setitimer(ITIMER_PROF, &later, nullptr);
  }
  if (what == "umask") umask(0123);
  if (what == "environment") setenv("GRADUS_TEST_LEFT_BEHIND", "1", 1);
  if (what == "input" && dup2(open("/dev/zero", O_RDONLY), 0) < 0) abort();
  if (what == "output" && dup2(2, 1) < 0) abort();
  if (what == "error" && close(2) != 0) abort();
}

// What it does when the process ends.
struct Ending {
  std::string what;
  ~Ending() {
    if (what == "abort at exit") abort();
    if (what == "code 3 at exit") _exit(3);
    if (what == "hang at exit") {
      for (;;) pause();
    }
    if (what == "print at exit") printf("farewell\n");
  }
};

bool Loaded() {
  const char* told = getenv("GRADUS_TEST_HOSTILE");
  const std::string what = told == nullptr ? "" : told;
  if (what == "throw") throw std::runtime_error("the constructor's own words");
  if (what == "throw 7") throw 7;
  if (what == "exit 0") exit(0);
  if (what == "exit 3") exit(3);
  if (what == "_exit 0") _exit(0);
  if (what == "abort") {
    fprintf(stderr, "something is\nrotten\n");
    abort();
  }
  if (what == "terminate") std::terminate();
  if (what == "crash") Crash();
  if (what == "kill") kill(getpid(), SIGKILL);
  if (what == "hang") {
    fprintf(stderr, "waiting for nothing\n");
    for (;;) pause();
  }
  if (what == "spin") {
    for (volatile int i = 0;; i = i + 1) {
    }
  }
  if (what == "print") printf("hello from\nthe library\n");
  if (what == "complain") fprintf(stderr, "a word of warning\n");
  ChangeProcess(what);
  if (what == "touch" && utime(getenv("GRADUS_TEST_FILE"), nullptr) != 0) abort();
  if (what == "chatter") {
    for (int i = 0; i < 20000; ++i) fprintf(stderr, "line %d of much\n", i);
    exit(4);
  }
  if (what == "daemon") {
    // A child that keeps the streams open does not hold up the host.
    if (fork() == 0) {
      for (;;) pause();
    }
    _exit(5);
  }
  RegisterElsewhere(what);
  Register(what);
  static const Ending ending{what};
  return true;
}

const bool loaded = Loaded();

}  // namespace
}  // namespace hostile
