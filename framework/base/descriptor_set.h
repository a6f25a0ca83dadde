// The configuration language as data, comments included.
//
// Descriptors that are linked into a program have no comments. The build therefore embeds the descriptor set that protoc writes
// with --include_source_info; a DescriptorPool built from it answers GetSourceLocation(), which is where the reference
// manual of `gradus list` comes from.
#ifndef GRADUS_BASE_DESCRIPTOR_SET_H_
#define GRADUS_BASE_DESCRIPTOR_SET_H_

#include "absl/strings/string_view.h"

namespace gradus {

// A serialized google.protobuf.FileDescriptorSet of every gradus/*.proto and its imports, in the order of their imports.
absl::string_view EmbeddedDescriptorSet();

}  // namespace gradus

#endif  // GRADUS_BASE_DESCRIPTOR_SET_H_
