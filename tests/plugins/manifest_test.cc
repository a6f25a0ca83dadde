// A library's file as data: whatever stands in it, reading it ends in a manifest or in a reason.

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/plugin_manifest.h"
#include "gradus/base/plugin.h"
#include "tests/plugins/plugin_testing.h"

namespace gradus {
namespace {

const std::string& Tilt() {
  static const auto* const bytes = new std::string(BytesOf(Library("acme_tilt")));
  return *bytes;
}

std::string Error(const std::string& bytes) {
  const absl::StatusOr<PluginManifest> manifest = ReadPluginManifest(ReaderOf(bytes));
  if (!manifest.ok()) return std::string(manifest.status().message());
  return std::string(CheckPluginManifest(*manifest, OwnManifestLines()).message());
}

std::string SectionOf(uint64_t length, const std::string& rest) {
  return absl::StrCat("GRADUSP1", std::string(reinterpret_cast<const char*>(&length), 8), rest);
}

void Poke(std::string* bytes, size_t offset, uint64_t value, size_t size) {
  std::memcpy(&(*bytes)[offset], &value, size);
}

TEST(Manifest, OfAGoodLibraryIsThisProgramsOwn) {
  const absl::StatusOr<PluginManifest> manifest = ReadPluginManifest(ReaderOf(Tilt()));
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->lines, OwnManifestLines());
  EXPECT_TRUE(CheckPluginManifest(*manifest, OwnManifestLines()).ok());
  ASSERT_EQ(ProtosOf(Tilt()).file_size(), 1);
  EXPECT_EQ(ProtosOf(Tilt()).file(0).name(), "acme/tilt.proto");
  // The comments are there.
  EXPECT_GT(ProtosOf(Tilt()).file(0).source_code_info().location_size(), 0);
}

TEST(Manifest, SaysWhatTheProgramIs) {
  std::vector<std::string> names;
  for (const auto& line : OwnManifestLines()) names.push_back(line.first);
  EXPECT_EQ(names, (std::vector<std::string>{"abi", "gradus", "protobuf", "abseil", "compiler",
                                             "cxx_abi", "sanitizer"}));
  EXPECT_EQ(OwnManifestLines()[1].second, GRADUS_VERSION);
}

TEST(Manifest, EveryCutIsToldAsOne) {
  const size_t step = Tilt().size() / 997;
  for (size_t size = 4; size < Tilt().size(); size += size < 300 ? 1 : step) {
    const std::string error = Error(Tilt().substr(0, size));
    ASSERT_TRUE(absl::StrContains(error, "is cut off: ")) << size << ": " << error;
  }
  EXPECT_EQ(Error(Tilt().substr(0, 20)),
            "is cut off: its header ends beyond its 20 bytes; copy it again, or build it again");
  EXPECT_EQ(Error(""), "is empty");
}

TEST(Manifest, OtherFilesAreToldApart) {
  EXPECT_EQ(Error("#!/bin/sh\n"), "is no shared library (ELF file); build it with -shared -fPIC");
  EXPECT_EQ(Error("\x7f"),
            "is cut off: its header ends beyond its 1 bytes; copy it again, or build it again");
  std::string bytes = Tilt();
  Poke(&bytes, offsetof(Elf64_Ehdr, e_machine), EM_AARCH64, 2);
  EXPECT_EQ(Error(bytes), "is built for another machine, not for x86-64");
  bytes = Tilt();
  Poke(&bytes, offsetof(Elf64_Ehdr, e_type), ET_REL, 2);
  EXPECT_EQ(Error(bytes), "is an ELF file but no shared library; build it with -shared -fPIC");
  EXPECT_EQ(Error(Replaced(Tilt(), "gradus_plugin", "gradus_plugon")),
            "is a shared library without a manifest, so no plugin; a source of it needs the line "
            "GRADUS_PLUGIN(\"NAME.descriptor_set\") of gradus/base/plugin.h");
}

TEST(Manifest, ALibraryThatNeedsAnExecutableStackIsRefused) {
  Elf64_Ehdr header;
  std::memcpy(&header, Tilt().data(), sizeof(header));
  const std::string refused =
      "needs an executable stack; add .section .note.GNU-stack,\"\",@progbits to its assembler "
      "sources";
  int found = 0;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    const size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    Elf64_Phdr segment;
    std::memcpy(&segment, Tilt().data() + at, sizeof(segment));
    if (segment.p_type != PT_GNU_STACK) continue;
    ++found;
    std::string bytes = Tilt();
    Poke(&bytes, at + offsetof(Elf64_Phdr, p_flags), PF_R | PF_W | PF_X, 4);
    EXPECT_EQ(Error(bytes), refused);
    // What does not say gets one, too.
    bytes = Tilt();
    Poke(&bytes, at + offsetof(Elf64_Phdr, p_type), PT_NULL, 4);
    EXPECT_EQ(Error(bytes), refused);
  }
  EXPECT_EQ(found, 1);
}

TEST(Manifest, OffsetsAndSizesThatLieAreRefused) {
  for (const auto& field : {std::make_pair(offsetof(Elf64_Ehdr, e_shoff), 8),
                            std::make_pair(offsetof(Elf64_Ehdr, e_phoff), 8),
                            std::make_pair(offsetof(Elf64_Ehdr, e_shnum), 2),
                            std::make_pair(offsetof(Elf64_Ehdr, e_phnum), 2),
                            std::make_pair(offsetof(Elf64_Ehdr, e_shstrndx), 2)}) {
    for (const uint64_t value : {~uint64_t{0}, ~uint64_t{0} - 63, uint64_t{1} << 63,
                                 uint64_t{Tilt().size()}, uint64_t{Tilt().size()} - 1}) {
      std::string bytes = Tilt();
      Poke(&bytes, field.first, value, static_cast<size_t>(field.second));
      EXPECT_NE(Error(bytes), "") << field.first << " " << value;
    }
  }
  // Every field of every section header.
  Elf64_Ehdr header;
  std::memcpy(&header, Tilt().data(), sizeof(header));
  for (size_t offset = header.e_shoff;
       offset + 8 <= header.e_shoff + header.e_shnum * sizeof(Elf64_Shdr); offset += 4) {
    for (const uint64_t value : {~uint64_t{0}, uint64_t{1} << 62}) {
      std::string bytes = Tilt();
      Poke(&bytes, offset, value, 8);
      Error(bytes);  // Whatever it says, it ends.
    }
  }
}

TEST(Manifest, WhatStandsInTheSectionIsReadStrictly) {
  const std::string lines = "abi: 1\n";
  EXPECT_TRUE(
      absl::StrContains(Error(WithSection(Tilt(), "")), "does not begin with \"GRADUSP1\""));
  EXPECT_TRUE(absl::StrContains(Error(WithSection(Tilt(), "GRADUSP2xxxxxxxxx")),
                                "does not begin with \"GRADUSP1\""));
  EXPECT_EQ(Error(WithSection(Tilt(), SectionOf(100, lines))),
            "has a broken manifest: it says that it has 100 bytes, and has 7");
  EXPECT_EQ(Error(WithSection(Tilt(), SectionOf(~uint64_t{0}, lines))),
            "has a broken manifest: it says that it has 18446744073709551615 bytes, and has 7");
  EXPECT_EQ(Error(WithSection(Tilt(), SectionOf(2, lines))),
            "has a broken manifest: it says that it has 2 bytes, and there are more");
  EXPECT_EQ(Error(WithSection(Tilt(), SectionOf(7, lines))),
            "has a broken manifest: its lines have no end");
  EXPECT_EQ(Error(WithSection(Tilt(), SectionOf(5, std::string("abi1\0", 5)))),
            "has a broken manifest: the line \"abi1\" is none");
  EXPECT_EQ(Error(WithSection(Tilt(), SectionOf(15, std::string("abi: 1\nabi: 1\n\0", 15)))),
            "has a broken manifest: it has two lines \"abi\"");
  const std::string whole = SectionOf(8, std::string("abi: 1\n\0", 8));
  EXPECT_EQ(Error(WithSection(Tilt(), whole + whole)),
            "has two manifests; GRADUS_PLUGIN belongs into one source of a library");
}

TEST(Manifest, EveryVersionMustBeTheProgramsOwn) {
  const std::string own = GRADUS_PLUGIN_VALUE_(GRADUS_PLUGIN_ABI);
  const std::string other =
      absl::StrCat(own.substr(0, own.size() - 1), own.back() == '9' ? "8" : "9");
  EXPECT_EQ(Error(Replaced(Tilt(), "\nabseil: 2", "\nabseil: 3")).substr(0, 65),
            "was built for something else than this program: abseil is \"302206");
  EXPECT_TRUE(absl::StrContains(Error(Replaced(Tilt(), "abi: " + own, "abi: " + other)),
                                absl::StrCat("abi is \"", other, "\" and not \"", own,
                                             "\"; build it again with this Gradus's headers")));
  EXPECT_TRUE(absl::StrContains(Error(Replaced(Tilt(), "gradus: 0.1.0", "gradus: 0.0.9")),
                                "gradus is \"0.0.9\" and not \"0.1.0\";"));
  EXPECT_TRUE(
      absl::StrContains(Error(Replaced(Tilt(), "protobuf: 3", "protobuf: 4")), "protobuf is \"4"));
  EXPECT_TRUE(absl::StrContains(Error(Replaced(Tilt(), "compiler: gcc 1", "compiler: gcc 9")),
                                "compiler is \"gcc 9"));
  EXPECT_TRUE(absl::StrContains(Error(Replaced(Tilt(), "strings 1", "strings 0")),
                                "strings 0\" and not \""));
  EXPECT_TRUE(absl::StrContains(Error(Replaced(Tilt(), "sanitizer: ", "sanitiser: ")),
                                "sanitizer is not said, sanitiser \""));
  // All of them at once.
  const std::string both = Error(
      Replaced(Replaced(Tilt(), "gradus: 0.1.0", "gradus: 0.0.9"), "abi: " + own, "abi: " + other));
  EXPECT_TRUE(absl::StrContains(
      both, absl::StrCat("abi is \"", other, "\" and not \"", own, "\", gradus is \"0.0.9\"")))
      << both;
}

TEST(Manifest, FlippedBytesAreRead) {
  std::mt19937 random(5);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = Tilt();
    // Half of them where the tables are.
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    const size_t from = i % 4 == 0 ? header.e_shoff : 0;
    const size_t to = i % 4 == 1 ? 1024 : bytes.size();
    for (int flips = 1 + i % 3; flips > 0; --flips) {
      bytes[from + random() % (to - from)] = static_cast<char>(random());
    }
    Error(bytes);
  }
}

}  // namespace
}  // namespace gradus
