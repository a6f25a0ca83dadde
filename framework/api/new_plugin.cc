// The examples' names are replaced in whole, and nothing else: what is written is what the tests of this tree build.

#include "gradus/api/new_plugin.h"

#include <dlfcn.h>

#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gradus/api/plugin_templates.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr size_t kLongestName = 100;
// What `extensions 1000 to max` allows without protobuf's own range.
constexpr int32_t kFirstNumber = 1000, kReservedBegin = 19000, kReserved = 1000;
constexpr int32_t kLastNumber = 536870911;

struct Names {
  std::string package;  // "acme", "acme.optimizers"
  std::string name;     // "lion"

  std::string Message() const {
    std::string message;
    for (absl::string_view word : absl::StrSplit(name, '_')) {
      absl::StrAppend(&message, std::string(1, absl::ascii_toupper(word[0])), word.substr(1));
    }
    return message;
  }
  std::string PackageWith(absl::string_view separator) const {
    return absl::StrReplaceAll(package, {{".", separator}});
  }
};

// Words that are no names in C++, and macros of its library.
const std::set<std::string>& WordsOfCpp() {
  static const auto* const words = new std::set<std::string>(absl::StrSplit(
      "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t "
      "char32_t char8_t class co_await co_return co_yield compl concept const const_cast consteval "
      "constexpr constinit continue decltype default delete do double dynamic_cast else enum "
      "explicit export extern false float for friend goto if inline int long mutable namespace new "
      "noexcept not not_eq nullptr operator or or_eq private protected public register "
      "reinterpret_cast requires return short signed sizeof static static_assert static_cast "
      "struct switch template this thread_local throw true try typedef typeid typename union "
      "unsigned using virtual void volatile wchar_t while xor xor_eq "
      "assert errno linux stderr stdin stdout unix",
      ' '));
  return *words;
}

// What is wrong with one of the words between the dots, or "".
std::string WrongWord(const std::string& word) {
  if (word.empty()) return "a word is empty";
  for (const char c : word) {
    if (absl::ascii_isupper(c)) return absl::StrCat(Quoted(word), " has an upper-case letter");
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '_') {
      return absl::StrCat(Quoted(word), " has a ", Quoted(std::string(1, c)),
                          ", which is no letter, digit or underscore");
    }
  }
  if (!absl::ascii_islower(word[0])) {
    return absl::StrCat(Quoted(word), " does not begin with a letter");
  }
  if (absl::EndsWith(word, "_") || absl::StrContains(word, "__")) {
    return absl::StrCat(Quoted(word), " has an underscore at its end, or two together");
  }
  if (WordsOfCpp().count(word) > 0) {
    return absl::StrCat(Quoted(word), " is a word of C++ with a meaning of its own");
  }
  for (const char* taken : {"gradus", "google", "absl", "std", "testing"}) {
    if (word == taken) return absl::StrCat(Quoted(word), " is the name of a library that is used");
  }
  return "";
}

absl::StatusOr<Names> ParseNames(absl::string_view full_name) {
  const auto refuse = [full_name](absl::string_view reason) {
    return absl::InvalidArgumentError(
        absl::StrCat("a plugin cannot be called ", Quoted(full_name), ": ", reason));
  };
  const std::vector<std::string> words = absl::StrSplit(full_name, '.');
  if (words.size() < 2) {
    return refuse(
        "it has no package, which tells your names from those of others; write for "
        "example \"acme.lion\"");
  }
  if (full_name.size() > kLongestName) {
    return refuse(absl::StrCat("it has more than ", kLongestName, " characters"));
  }
  for (const std::string& word : words) {
    const std::string wrong = WrongWord(word);
    if (!wrong.empty()) return refuse(wrong);
  }
  // C++ declares those outside of all namespaces, too.
  if (dlsym(RTLD_DEFAULT, words[0].c_str()) != nullptr) {
    return refuse(absl::StrCat(Quoted(words[0]), " is a function of the C library"));
  }
  return Names{absl::StrJoin(words.begin(), words.end() - 1, "."), words.back()};
}

using Replacements = std::vector<std::pair<std::string, std::string>>;

// Everything in which a name of the example stands; the longest match is what is replaced.
Replacements MakeReplacements(const Names& from, const Names& to) {
  const auto full = [](const Names& names) { return absl::StrCat(names.package, ".", names.name); };
  Replacements replacements;
  const auto add = [&](auto make) { replacements.emplace_back(make(from), make(to)); };
  add(full);
  add([&](const Names& n) { return absl::StrCat(ExtensionNumber(full(n))); });
  add([](const Names& n) { return n.PackageWith("_") + "_" + n.name; });
  add([](const Names& n) { return n.PackageWith("/") + "/" + n.name; });
  add([](const Names& n) { return "-I" + n.PackageWith("/") + "=."; });
  add([](const Names& n) { return "::" + n.PackageWith("::") + "::" + n.Message(); });
  add([](const Names& n) { return "namespace " + n.PackageWith("::"); });
  add([](const Names& n) { return "package " + n.package + ";"; });
  add([](const Names& n) { return "package = \"" + n.package + "\""; });
  add([](const Names& n) { return n.Message(); });
  add([](const Names& n) { return n.name; });
  return replacements;
}

}  // namespace

int32_t ExtensionNumber(absl::string_view full_name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : full_name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  constexpr uint64_t kCount = kLastNumber - kFirstNumber + 1 - kReserved;
  const int32_t number = kFirstNumber + static_cast<int32_t>(hash % kCount);
  return number < kReservedBegin ? number : number + kReserved;
}

absl::StatusOr<PluginSkeleton> NewPlugin(PluginKind kind, absl::string_view full_name) try {
  GRADUS_ASSIGN_OR_RETURN(const Names names, ParseNames(full_name));
  const bool optimizer = kind == PluginKind::kOptimizer;
  const Names example = {"acme", optimizer ? "lion" : "square_root_decay"};
  const Replacements replacements = MakeReplacements(example, names);
  PluginSkeleton skeleton;
  skeleton.name = names.name;
  skeleton.library = absl::StrCat(names.PackageWith("_"), "_", names.name);
  for (const PluginTemplate& file : PluginTemplates()) {
    absl::string_view path = file.path;
    if (!absl::ConsumePrefix(&path, optimizer ? "optimizer_plugin/" : "schedule_plugin/")) continue;
    skeleton.files.push_back({absl::StrReplaceAll(path, {{example.name, names.name}}),
                              absl::StrReplaceAll(file.text, replacements)});
  }
  return skeleton;
} catch (...) {
  return StatusOfException("making a plugin's files");
}

absl::Status WritePlugin(const PluginSkeleton& skeleton, const std::string& folder) {
  for (const PluginFile& file : skeleton.files) {
    const std::string path = JoinPath(folder, file.path);
    if (Exists(path)) {
      return absl::AlreadyExistsError(
          absl::StrCat(path, " is there already, and nothing is overwritten"));
    }
  }
  GRADUS_RETURN_IF_ERROR(MakeFolders(folder));
  for (const PluginFile& file : skeleton.files) {
    GRADUS_RETURN_IF_ERROR(WriteFile(JoinPath(folder, file.path), file.text));
  }
  return absl::OkStatus();
}

}  // namespace gradus
