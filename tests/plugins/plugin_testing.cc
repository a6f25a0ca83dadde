// Libraries byte by byte, and the state of a process.

#include "tests/plugins/plugin_testing.h"

#include <elf.h>
#include <fenv.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xmmintrin.h>

#include <algorithm>
#include <climits>
#include <clocale>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "gradus/api/optimizer_trace.h"
#include "gradus/api/plugin_manifest.h"
#include "gradus/graph/layer.h"
#include "gradus/graph/op.h"
#include "gradus/optimizer.pb.h"
#include "gradus/runtime/kernel.h"
#include "gradus/schedule_config.pb.h"
#include "gradus/train/controller.h"
#include "gradus/train/optimizer.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

namespace fs = std::filesystem;
using google::protobuf::DescriptorPool;

template <class Rule>
void AddKeys(std::vector<std::string>* keys) {
  for (const std::string& key : Registry<Rule>::Get().Keys()) keys->push_back(key);
}

void AddExtensions(const google::protobuf::Descriptor* owner, std::vector<std::string>* names) {
  std::vector<const google::protobuf::FieldDescriptor*> extensions;
  DescriptorPool::generated_pool()->FindAllExtensions(owner, &extensions);
  for (const auto* extension : extensions) names->push_back(extension->full_name());
}

int AddObject(dl_phdr_info* info, size_t, void* data) {
  static_cast<std::vector<std::string>*>(data)->push_back(info->dlpi_name);
  return 0;
}

}  // namespace

std::string Library(const std::string& name) {
  return absl::StrCat("tests/plugins/libraries/", name, ".so");
}

std::string BytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string WriteBytes(const std::string& name, const std::string& bytes) {
  const fs::path path = fs::path(testing::TempDir()) / absl::StrCat(getpid()) / name;
  fs::create_directories(path.parent_path());
  fs::remove(path);
  std::ofstream(path, std::ios::binary) << bytes;
  return fs::canonical(path).string();
}

std::string Replaced(std::string bytes, absl::string_view from, absl::string_view to) {
  EXPECT_EQ(from.size(), to.size());
  const size_t at = bytes.find(std::string(from));
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) std::memcpy(&bytes[at], to.data(), to.size());
  return bytes;
}

std::string WithSection(const std::string& library, const std::string& section) {
  std::string bytes = library;
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  const auto header_of = [&](size_t i) { return header.e_shoff + i * sizeof(Elf64_Shdr); };
  Elf64_Shdr names;
  std::memcpy(&names, &bytes[header_of(header.e_shstrndx)], sizeof(names));
  bool found = false;
  for (size_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr each;
    std::memcpy(&each, &bytes[header_of(i)], sizeof(each));
    if (std::strcmp(&bytes[names.sh_offset + each.sh_name], "gradus_plugin") != 0) continue;
    each.sh_offset = bytes.size();
    each.sh_size = section.size();
    std::memcpy(&bytes[header_of(i)], &each, sizeof(each));
    found = true;
  }
  EXPECT_TRUE(found);
  return bytes + section;
}

std::string WithProtos(const std::string& library,
                       const google::protobuf::FileDescriptorSet& protos) {
  std::string rest;
  for (const auto& line : OwnManifestLines()) {
    absl::StrAppend(&rest, line.first, ": ", line.second, "\n");
  }
  rest.push_back('\0');
  rest += protos.SerializeAsString();
  const uint64_t length = rest.size();
  return WithSection(
      library,
      absl::StrCat("GRADUSP1", std::string(reinterpret_cast<const char*>(&length), 8), rest));
}

google::protobuf::FileDescriptorSet ProtosOf(const std::string& library) {
  google::protobuf::FileDescriptorSet protos;
  const absl::StatusOr<PluginManifest> manifest = ReadPluginManifest(ReaderOf(library));
  EXPECT_TRUE(manifest.ok()) << manifest.status();
  if (!manifest.ok()) return protos;
  EXPECT_TRUE(protos.ParseFromString(manifest->descriptor_set));
  return protos;
}

Hostile::Hostile(const std::string& what) { setenv("GRADUS_TEST_HOSTILE", what.c_str(), 1); }
Hostile::~Hostile() { unsetenv("GRADUS_TEST_HOSTILE"); }

HostState HostState::Now() {
  HostState state;
  AddKeys<Optimizer>(&state.keys);
  AddKeys<ScheduleFactory>(&state.keys);
  AddKeys<ControllerFactory>(&state.keys);
  AddKeys<Layer>(&state.keys);
  AddKeys<Op>(&state.keys);
  AddKeys<KernelFactory>(&state.keys);
  AddExtensions(OptimizerConfig::descriptor(), &state.extensions);
  AddExtensions(ScheduleConfig::descriptor(), &state.extensions);
  dl_iterate_phdr(AddObject, &state.objects);
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    state.files.push_back(entry.path().filename().string());
  }
  std::sort(state.files.begin(), state.files.end());
  state.floating_point = (_mm_getcsr() & 0xFFC0u) << 16;
  unsigned short x87;
  __asm__ __volatile__("fnstcw %0" : "=m"(x87));
  state.floating_point |= x87;
  state.locale = setlocale(LC_ALL, nullptr);
  state.folder = fs::current_path().string();
  for (char** entry = environ; *entry != nullptr; ++entry) state.environment.push_back(*entry);
  sigset_t blocked;
  sigemptyset(&blocked);
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  for (int number = 1; number <= SIGRTMAX; ++number) {
    struct sigaction action;
    std::memset(&action, 0, sizeof(action));
    sigaction(number, nullptr, &action);
    state.signals.push_back(
        absl::StrCat(number, " ", absl::Hex(reinterpret_cast<uintptr_t>(action.sa_handler)), " ",
                     absl::Hex(action.sa_flags), " ", sigismember(&blocked, number)));
  }
  state.file_mask = umask(0);
  umask(state.file_mask);

  OptimizerTraceOptions options;
  options.parameters = {1, -2};
  options.gradients = {{0.5, 1e-310}, {-0.25, 3}};
  const absl::StatusOr<OptimizerTrace> trace =
      TraceOptimizer("adam {} learning_rate { constant: 0.1 }", "text", options);
  EXPECT_TRUE(trace.ok()) << trace.status();
  if (trace.ok()) state.update = ToTsv(*trace);
  return state;
}

bool HostState::operator==(const HostState& other) const {
  return keys == other.keys && extensions == other.extensions && objects == other.objects &&
         files == other.files && floating_point == other.floating_point && locale == other.locale &&
         folder == other.folder && environment == other.environment && signals == other.signals &&
         file_mask == other.file_mask && update == other.update;
}

std::string Refused(const std::string& path, const PluginOptions& options) {
  const HostState before = HostState::Now();
  const size_t plugins = LoadedPlugins().size();
  const absl::StatusOr<LoadedPlugin> loaded = LoadPlugin(path, options);
  EXPECT_FALSE(loaded.ok()) << path;
  EXPECT_TRUE(before == HostState::Now()) << loaded.status();
  EXPECT_EQ(LoadedPlugins().size(), plugins);
  return std::string(loaded.status().message());
}

}  // namespace gradus
