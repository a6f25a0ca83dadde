// ELF64 for x86-64, as far as it takes to find one section.

#include "gradus/api/plugin_manifest.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/plugin.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

constexpr absl::string_view kSection = "gradus_plugin";
constexpr absl::string_view kMagic = "GRADUSP1";
// More than any library has; what is beyond is a broken file, and is not allocated.
constexpr uint64_t kMostSections = 1 << 20;
constexpr uint64_t kMostNames = 64 << 20;
constexpr uint64_t kMostManifest = 64 << 20;

template <class... Parts>
absl::Status Bad(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

absl::Status CutOff(absl::string_view what, uint64_t size) {
  return Bad("is cut off: ", what, " ends beyond its ", size,
             " bytes; copy it again, or build it again");
}

absl::StatusOr<std::string> Piece(const PieceReader& file, uint64_t offset, uint64_t count,
                                  absl::string_view what) {
  if (offset > file.size || count > file.size - offset) return CutOff(what, file.size);
  GRADUS_ASSIGN_OR_RETURN(std::string bytes, file.read(offset, count));
  GRADUS_CHECK(bytes.size() == count);
  return bytes;
}

template <class T>
T As(absl::string_view bytes, uint64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

absl::StatusOr<Elf64_Ehdr> ReadHeader(const PieceReader& file) {
  if (file.size == 0) return Bad("is empty");
  GRADUS_ASSIGN_OR_RETURN(const std::string start,
                          file.read(0, std::min<uint64_t>(file.size, sizeof(Elf64_Ehdr))));
  if (!absl::StartsWith(start, absl::string_view(ELFMAG, SELFMAG).substr(0, start.size()))) {
    return Bad("is no shared library (ELF file); build it with -shared -fPIC");
  }
  if (start.size() < sizeof(Elf64_Ehdr)) return CutOff("its header", file.size);
  const auto header = As<Elf64_Ehdr>(start, 0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != EM_X86_64) {
    return Bad("is built for another machine, not for x86-64");
  }
  if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT) {
    return Bad("is an ELF file of an unknown version");
  }
  if (header.e_type != ET_DYN) {
    return Bad("is an ELF file but no shared library; build it with -shared -fPIC");
  }
  return header;
}

// What is mapped must be in the file: beyond its end a read is a SIGBUS. And dlopen makes the stacks of all threads executable for a
// library that asks for it, or that does not say.
absl::Status CheckSegments(const PieceReader& file, const Elf64_Ehdr& header) {
  if (header.e_phnum == 0 || header.e_phnum == PN_XNUM ||
      header.e_phentsize != sizeof(Elf64_Phdr)) {
    return Bad("has no program headers as a shared library has; build it again");
  }
  GRADUS_ASSIGN_OR_RETURN(const std::string headers,
                          Piece(file, header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr),
                                "the table of its segments"));
  bool executable_stack = true;
  for (int i = 0; i < header.e_phnum; ++i) {
    const auto segment = As<Elf64_Phdr>(headers, i);
    if (segment.p_type == PT_GNU_STACK) executable_stack = (segment.p_flags & PF_X) != 0;
    if (segment.p_type == PT_NULL || segment.p_filesz == 0) continue;
    if (segment.p_offset > file.size || segment.p_filesz > file.size - segment.p_offset) {
      return CutOff(absl::StrCat("segment ", i), file.size);
    }
  }
  if (!executable_stack) return absl::OkStatus();
  return Bad(
      "needs an executable stack; add .section .note.GNU-stack,\"\",@progbits to its assembler "
      "sources");
}

// The section's bytes; NotFound when there is none.
absl::StatusOr<std::string> ReadSection(const PieceReader& file, const Elf64_Ehdr& header) {
  const absl::Status none = absl::NotFoundError("");
  if (header.e_shoff == 0) return none;
  if (header.e_shentsize != sizeof(Elf64_Shdr))
    return Bad("has section headers of an unknown size");
  constexpr absl::string_view kTable = "the table of its sections";
  GRADUS_ASSIGN_OR_RETURN(const std::string zero,
                          Piece(file, header.e_shoff, sizeof(Elf64_Shdr), kTable));
  // Numbers that do not fit into the header stand in section 0.
  const auto first = As<Elf64_Shdr>(zero, 0);
  const uint64_t count = header.e_shnum != 0 ? header.e_shnum : first.sh_size;
  const uint64_t names_index = header.e_shstrndx != SHN_XINDEX ? header.e_shstrndx : first.sh_link;
  if (count > kMostSections) return Bad("says that it has ", count, " sections; it is broken");
  GRADUS_ASSIGN_OR_RETURN(const std::string table,
                          Piece(file, header.e_shoff, count * sizeof(Elf64_Shdr), kTable));
  if (names_index == SHN_UNDEF) return none;
  if (names_index >= count) return Bad("has no names of sections where it says; it is broken");
  const auto names_section = As<Elf64_Shdr>(table, names_index);
  if (names_section.sh_type == SHT_NOBITS || names_section.sh_size > kMostNames) {
    return Bad("has no names of sections where it says; it is broken");
  }
  GRADUS_ASSIGN_OR_RETURN(
      const std::string names,
      Piece(file, names_section.sh_offset, names_section.sh_size, "the names of its sections"));
  const auto called = [&names](uint64_t at) {
    if (at >= names.size()) return absl::string_view();
    const absl::string_view rest = absl::string_view(names).substr(at);
    return rest.substr(0, rest.find('\0'));
  };
  bool found = false;
  Elf64_Shdr section;
  for (uint64_t i = 0; i < count; ++i) {
    const auto candidate = As<Elf64_Shdr>(table, i);
    if (called(candidate.sh_name) != kSection) continue;
    if (found) return Bad("has two sections ", kSection, "; GRADUS_PLUGIN belongs into one source");
    section = candidate;
    found = true;
  }
  if (!found) return none;
  if (section.sh_type != SHT_PROGBITS || section.sh_size > kMostManifest) {
    return Bad("has a section ", kSection, " that is no manifest; it is broken");
  }
  return Piece(file, section.sh_offset, section.sh_size, "its manifest");
}

absl::StatusOr<PluginManifest> ParseManifest(absl::string_view section) {
  constexpr absl::string_view kBroken = "has a broken manifest: ";
  constexpr size_t kFront = kMagic.size() + sizeof(uint64_t);
  if (section.size() < kFront || !absl::StartsWith(section, kMagic)) {
    return Bad(kBroken, "it does not begin with \"", kMagic,
               "\"; build it again with gradus/base/plugin.h");
  }
  const auto length = As<uint64_t>(section.substr(kMagic.size(), sizeof(uint64_t)), 0);
  absl::string_view rest = section.substr(kFront);
  if (length > rest.size()) {
    return Bad(kBroken, "it says that it has ", length, " bytes, and has ", rest.size());
  }
  if (absl::StartsWith(rest.substr(length), kMagic)) {
    return Bad("has two manifests; GRADUS_PLUGIN belongs into one source of a library");
  }
  // Linkers pad with zeros.
  if (rest.substr(length).find_first_not_of('\0') != absl::string_view::npos) {
    return Bad(kBroken, "it says that it has ", length, " bytes, and there are more");
  }
  rest = rest.substr(0, length);
  const size_t end = rest.find('\0');
  if (end == absl::string_view::npos) return Bad(kBroken, "its lines have no end");

  PluginManifest manifest;
  manifest.descriptor_set = std::string(rest.substr(end + 1));
  for (absl::string_view line : absl::StrSplit(rest.substr(0, end), '\n', absl::SkipEmpty())) {
    const size_t colon = line.find(": ");
    if (colon == absl::string_view::npos || manifest.lines.size() >= 100) {
      return Bad(kBroken, "the line ", Quoted(line.substr(0, 80)), " is none");
    }
    const std::string name(line.substr(0, colon));
    for (const auto& other : manifest.lines) {
      if (other.first == name) return Bad(kBroken, "it has two lines ", Quoted(name));
    }
    manifest.lines.emplace_back(name, std::string(line.substr(colon + 2)));
  }
  return manifest;
}

const std::string* Find(absl::Span<const std::pair<std::string, std::string>> lines,
                        const std::string& name) {
  for (const auto& line : lines) {
    if (line.first == name) return &line.second;
  }
  return nullptr;
}

}  // namespace

PieceReader ReaderOf(std::string bytes) {
  PieceReader reader;
  reader.size = bytes.size();
  reader.read = [bytes = std::make_shared<const std::string>(std::move(bytes))](
                    uint64_t offset, uint64_t count) -> absl::StatusOr<std::string> {
    return bytes->substr(offset, count);
  };
  return reader;
}

PieceReader ReaderOf(int file_descriptor, uint64_t size) {
  PieceReader reader;
  reader.size = size;
  reader.read = [=](uint64_t offset, uint64_t count) -> absl::StatusOr<std::string> {
    std::string bytes(count, '\0');
    for (uint64_t done = 0; done < count;) {
      const ssize_t got =
          pread(file_descriptor, &bytes[done], count - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        return absl::UnavailableError(absl::StrCat("cannot be read: ", std::strerror(errno)));
      if (got == 0) return absl::AbortedError("became shorter while it was read; load it again");
      done += static_cast<uint64_t>(got);
    }
    return bytes;
  };
  return reader;
}

absl::StatusOr<PluginManifest> ReadPluginManifest(const PieceReader& file) {
  GRADUS_ASSIGN_OR_RETURN(const Elf64_Ehdr header, ReadHeader(file));
  GRADUS_RETURN_IF_ERROR(CheckSegments(file, header));
  const absl::StatusOr<std::string> section = ReadSection(file, header);
  if (absl::IsNotFound(section.status())) {
    return Bad(
        "is a shared library without a manifest, so no plugin; a source of it needs the line "
        "GRADUS_PLUGIN(\"NAME.descriptor_set\") of gradus/base/plugin.h");
  }
  GRADUS_RETURN_IF_ERROR(section.status());
  return ParseManifest(*section);
}

Lines OwnManifestLines() {
#define GRADUS_OWN_LINE_(name, value) {name, value},
  return {GRADUS_PLUGIN_LINES_(GRADUS_OWN_LINE_)};
#undef GRADUS_OWN_LINE_
}

absl::Status CheckPluginManifest(const PluginManifest& manifest,
                                 absl::Span<const std::pair<std::string, std::string>> own) {
  std::vector<std::string> wrong;
  for (const auto& line : own) {
    const std::string* built = Find(manifest.lines, line.first);
    if (built == nullptr) {
      wrong.push_back(absl::StrCat(line.first, " is not said"));
    } else if (*built != line.second) {
      wrong.push_back(
          absl::StrCat(line.first, " is ", Quoted(*built), " and not ", Quoted(line.second)));
    }
  }
  for (const auto& line : manifest.lines) {
    if (Find(own, line.first) == nullptr) {
      wrong.push_back(absl::StrCat(line.first, " ", Quoted(line.second), " is not known here"));
    }
  }
  if (wrong.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("was built for something else than this program: ", absl::StrJoin(wrong, ", "),
                   "; build it again with this Gradus's headers and the compiler that built it"));
}

}  // namespace gradus
