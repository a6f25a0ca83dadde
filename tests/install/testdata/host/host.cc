// The host's own part: says what its message is, before the example's main() runs.
#include <cstdio>

#include "proto/optimizer.pb.h"

namespace {

const bool said = [] {
  const auto* descriptor = host::Optimizer::descriptor();
  std::printf("%s of %s\n", descriptor->full_name().c_str(), descriptor->file()->name().c_str());
  return true;
}();

}  // namespace
