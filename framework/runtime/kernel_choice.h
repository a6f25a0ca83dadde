// Which kernel computes a node: the cheapest of what all factories of its op offer.

#ifndef GRADUS_RUNTIME_KERNEL_CHOICE_H_
#define GRADUS_RUNTIME_KERNEL_CHOICE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "gradus/runtime/kernel.h"

namespace gradus {

struct ChosenKernel {
  Choice choice;
  std::unique_ptr<Kernel> kernel;
  // The kernel was made for operands without padding: padded ones need dense copies.
  bool dense = false;
};

// An operand over these limits is refused before any factory sees it: oneDNN 2.6.3 keeps extents in
// 32 bits here and there, rounded up, and divides by zero when it describes a product of 2^35 rows.
constexpr int64_t kMostOperandBytes = int64_t{1} << 40;
constexpr int64_t kMostExtent = int64_t{1} << 30;

// Equal costs are decided by the factory's name, then by the order in which the factory offers. A
// choice that turns out to be unavailable when it is made (kUnimplemented) is passed over.
absl::StatusOr<ChosenKernel> ChooseKernel(const Request& request);

// Copies between a dense tensor and one with padded rows, or between two alike.
std::unique_ptr<Kernel> MakeCopyKernel(const Operand& from, const Operand& to);
// What a copy of so many bytes is taken to cost, in nanoseconds.
double CopyCost(const Operand& operand);

}  // namespace gradus

#endif  // GRADUS_RUNTIME_KERNEL_CHOICE_H_
