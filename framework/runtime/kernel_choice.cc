// The cheapest way that some factory offers.

#include "gradus/runtime/kernel_choice.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "gradus/base/status.h"

namespace gradus {
namespace {

struct Offer {
  const KernelFactory* factory;
  Choice choice;
  bool dense;
  double cost;  // With the copies that it needs.
};

Operand Dense(Operand operand) {
  operand.pitch = operand.dims.empty() ? 1 : operand.dims.back();
  return operand;
}

Request Dense(Request request) {
  for (Operand& operand : request.inputs) operand = Dense(operand);
  for (Operand& operand : request.outputs) operand = Dense(operand);
  return request;
}

double CopiesFor(const Request& request) {
  double cost = 0;
  for (const Operand& operand : request.inputs) cost += operand.dense() ? 0 : CopyCost(operand);
  for (const Operand& operand : request.outputs) cost += operand.dense() ? 0 : CopyCost(operand);
  return cost;
}

bool HasEmptyInput(const Request& request) {
  for (const Operand& operand : request.inputs) {
    if (operand.elements() == 0) return true;
  }
  return false;
}

std::string Describe(const Request& request) {
  std::string text;
  for (const Operand& operand : request.inputs) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", Name(operand.dtype), " [");
    for (size_t i = 0; i < operand.dims.size(); ++i) {
      absl::StrAppend(&text, i > 0 ? ", " : "", operand.dims[i]);
    }
    text += "]";
  }
  return text;
}

// Padding counts: it is there in memory.
bool TooLarge(const Operand& operand) {
  if (operand.elements() == 0) return false;
  for (int64_t extent : operand.dims) {
    if (extent > kMostExtent) return true;
  }
  const int64_t columns = operand.dims.empty() ? 1 : operand.dims.back();
  const double rows = static_cast<double>(operand.elements() / columns);
  return rows * static_cast<double>(std::max(columns, operand.pitch)) *
             static_cast<double>(ByteSize(operand.dtype)) >
         static_cast<double>(kMostOperandBytes);
}

absl::Status CheckSizes(const Request& request) {
  for (const auto* operands : {&request.inputs, &request.outputs}) {
    if (!std::any_of(operands->begin(), operands->end(), TooLarge)) continue;
    return absl::ResourceExhaustedError(
        absl::StrCat("node \"", request.node, "\": ", request.config->GetDescriptor()->full_name(),
                     " of (", Describe(request), "): an ",
                     operands == &request.inputs ? "input" : "output",
                     " takes more than 2^40 bytes, or has an axis longer than 2^30"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ChosenKernel> ChooseKernel(const Request& request) {
  GRADUS_RETURN_IF_ERROR(CheckSizes(request));
  const std::string& op = request.config->GetDescriptor()->full_name();
  const std::string prefix = op + "/";
  const double copies = CopiesFor(request);
  const bool empty = HasEmptyInput(request);
  const Request dense_request = copies > 0 ? Dense(request) : Request();
  std::vector<Offer> offers;
  for (const std::string& key : Registry<KernelFactory>::Get().Keys()) {
    if (key.compare(0, prefix.size(), prefix) != 0) continue;
    const KernelFactory* factory = Registry<KernelFactory>::Get().Find(key);
    if (empty && !factory->accepts_empty()) continue;
    const bool dense = copies > 0 && !factory->accepts_pitch();
    for (Choice& choice : factory->Candidates(dense ? dense_request : request)) {
      choice.factory = key.substr(prefix.size());
      const double cost = choice.cost + (dense ? copies : 0);
      offers.push_back({factory, std::move(choice), dense, cost});
    }
  }
  // Keys come sorted by name, so a stable sort keeps names in order among equal costs.
  std::stable_sort(offers.begin(), offers.end(),
                   [](const Offer& a, const Offer& b) { return a.cost < b.cost; });
  absl::Status last = absl::UnimplementedError("no kernel is registered that takes it");
  for (Offer& offer : offers) {
    if (offer.choice.scratch_bytes < 0 || offer.choice.scratch_bytes > int64_t{1} << 48) {
      return absl::InternalError(absl::StrCat(op, "/", offer.choice.factory, " wants ",
                                              offer.choice.scratch_bytes, " bytes of scratch"));
    }
    absl::StatusOr<std::unique_ptr<Kernel>> kernel =
        offer.factory->Create(offer.dense ? dense_request : request, offer.choice);
    if (kernel.ok()) return ChosenKernel{std::move(offer.choice), *std::move(kernel), offer.dense};
    last = kernel.status();
    if (!absl::IsUnimplemented(last)) break;
  }
  return absl::Status(last.code(), absl::StrCat("node \"", request.node, "\": ", op, " of (",
                                                Describe(request), "): ", last.message()));
}

double CopyCost(const Operand& operand) {
  return 50 + 0.1 * static_cast<double>(operand.elements() * ByteSize(operand.dtype));
}

std::unique_ptr<Kernel> MakeCopyKernel(const Operand& from, const Operand& to) {
  const int64_t element = ByteSize(from.dtype);
  const int64_t columns = from.dims.empty() ? 1 : from.dims.back();
  int64_t rows = columns == 0 ? 0 : from.elements() / columns;
  int64_t row_bytes = columns * element;
  int64_t from_pitch = from.dense() ? row_bytes : from.pitch * element;
  int64_t to_pitch = to.dense() ? row_bytes : to.pitch * element;
  if (from_pitch == row_bytes && to_pitch == row_bytes && rows > 0) {
    row_bytes *= rows;
    rows = 1;
  }
  return MakeKernel([=](const KernelArgs& args) {
    const char* source = static_cast<const char*>(args.inputs[0]);
    char* target = static_cast<char*>(args.outputs[0]);
    for (int64_t row = 0; row < rows; ++row) {
      std::memcpy(target + row * to_pitch, source + row * from_pitch, row_bytes);
    }
  });
}

}  // namespace gradus
