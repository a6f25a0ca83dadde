// The independent half of every op's test: what it computes, as plain loops in double, written from the formula in op.proto and not
// from the kernel. Registered under the full name of the op's config message, next to the op's other tests:
//
//   GRADUS_OP_REFERENCE(op::Square, [](const op::Square&, absl::Span<const RefTensor> in, absl::Span<RefTensor> out) {
//     for (size_t i = 0; i < in[0].values.size(); ++i) out[0].values[i] = in[0].values[i] * in[0].values[i];
//   });
//
// `out` comes with the dims that the op's shape rule gives, and zeros.

#ifndef GRADUS_TESTS_TESTING_OP_REFERENCE_H_
#define GRADUS_TESTS_TESTING_OP_REFERENCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "gradus/base/registry.h"

namespace gradus {

// A row-major array of doubles, whatever the element type in the graph is: INT32 and INT64 are whole numbers.
struct RefTensor {
  std::vector<int64_t> dims;
  std::vector<double> values;
};

using Reference = std::function<void(const google::protobuf::Message& config,
                                     absl::Span<const RefTensor> in, absl::Span<RefTensor> out)>;

template <class ConfigType, class F>
bool RegisterReference(F function) {
  Registry<Reference>::Get().Add(
      ConfigType::descriptor()->full_name(),
      std::make_unique<Reference>([function](const google::protobuf::Message& config,
                                             absl::Span<const RefTensor> in,
                                             absl::Span<RefTensor> out) {
        function(static_cast<const ConfigType&>(config), in, out);
      }));
  return true;
}

#define GRADUS_OP_REFERENCE(ConfigType, ...)                    \
  const bool GRADUS_CONCAT_(gradus_op_reference_, __LINE__) =   \
      ::gradus::RegisterReference<ConfigType>(__VA_ARGS__)

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_OP_REFERENCE_H_
