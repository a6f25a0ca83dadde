// What makes a shared library a plugin: one line in one of its sources, after the includes,
//
//   GRADUS_PLUGIN("lion.descriptor_set");
//
// It puts a manifest into the library's ELF section "gradus_plugin": the versions that the library was compiled against, and the
// file named, which holds its protos as `protoc --include_source_info --descriptor_set_out` writes them, without imports. A host
// reads both from the file, as data, and refuses what does not fit before any of the library's code runs (gradus/api/plugin.h).
//
// The assembler looks for the file in the working folder and the -I folders. The section is
//
//   "GRADUSP1", the length of what follows as 8 bytes (little-endian), lines `name: value` ended by a zero byte, the file
//
// and is retained by linkers that drop what nobody refers to.

#ifndef GRADUS_BASE_PLUGIN_H_
#define GRADUS_BASE_PLUGIN_H_

#include "absl/base/config.h"
#include "google/protobuf/stubs/common.h"
#include "gradus/base/plugin_abi.h"  // GRADUS_PLUGIN_ABI

// The version of the library, that of the installed tree.
#define GRADUS_VERSION "0.1.0"

#define GRADUS_PLUGIN_TEXT_(x) #x
#define GRADUS_PLUGIN_VALUE_(x) GRADUS_PLUGIN_TEXT_(x)

#if defined(__clang__)
#define GRADUS_PLUGIN_COMPILER_ "clang " __VERSION__
#else
#define GRADUS_PLUGIN_COMPILER_ "gcc " __VERSION__
#endif

#if !defined(_GLIBCXX_USE_CXX11_ABI)
#define GRADUS_PLUGIN_STRING_ABI_ none
#else
#define GRADUS_PLUGIN_STRING_ABI_ _GLIBCXX_USE_CXX11_ABI
#endif
#if defined(_GLIBCXX_DEBUG)
#define GRADUS_PLUGIN_CONTAINERS_ " debug containers"
#else
#define GRADUS_PLUGIN_CONTAINERS_ ""
#endif

// gcc defines the macros, clang has the features; some headers give gcc a __has_feature that is always 0.
#if defined(__SANITIZE_ADDRESS__)
#define GRADUS_PLUGIN_SANITIZER_ "address"
#elif defined(__SANITIZE_THREAD__)
#define GRADUS_PLUGIN_SANITIZER_ "thread"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GRADUS_PLUGIN_SANITIZER_ "address"
#elif __has_feature(thread_sanitizer)
#define GRADUS_PLUGIN_SANITIZER_ "thread"
#endif
#endif
#if !defined(GRADUS_PLUGIN_SANITIZER_)
#define GRADUS_PLUGIN_SANITIZER_ "none"
#endif

// The lines of a manifest, name and value.
#define GRADUS_PLUGIN_LINES_(line)                                                                   \
  line("abi", GRADUS_PLUGIN_VALUE_(GRADUS_PLUGIN_ABI))                                               \
  line("gradus", GRADUS_VERSION)                                                                     \
  line("protobuf", GRADUS_PLUGIN_VALUE_(GOOGLE_PROTOBUF_VERSION))                                    \
  line("abseil", GRADUS_PLUGIN_VALUE_(ABSL_LTS_RELEASE_VERSION))                                     \
  line("compiler", GRADUS_PLUGIN_COMPILER_)                                                          \
  line("cxx_abi", GRADUS_PLUGIN_VALUE_(__GXX_ABI_VERSION) " strings " GRADUS_PLUGIN_VALUE_(          \
                      GRADUS_PLUGIN_STRING_ABI_) GRADUS_PLUGIN_CONTAINERS_)                          \
  line("sanitizer", GRADUS_PLUGIN_SANITIZER_)

#define GRADUS_PLUGIN_ASM_LINE_(name, value) ".ascii \"" name ": " value "\\n\"\n"

#define GRADUS_PLUGIN(descriptor_set)               \
  __asm__(                                          \
      ".pushsection gradus_plugin,\"aR\",@progbits\n" \
      ".ascii \"GRADUSP1\"\n"                       \
      ".quad 8f - 7f\n"                             \
      "7:\n"                                        \
      GRADUS_PLUGIN_LINES_(GRADUS_PLUGIN_ASM_LINE_) \
      ".byte 0\n"                                   \
      ".incbin \"" descriptor_set "\"\n"            \
      "8:\n"                                        \
      ".popsection\n");                             \
  static_assert(true, "")

#endif  // GRADUS_BASE_PLUGIN_H_
