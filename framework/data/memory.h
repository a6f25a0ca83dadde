// Examples that a program holds or makes.

#ifndef GRADUS_DATA_MEMORY_H_
#define GRADUS_DATA_MEMORY_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/data/dataset.h"

namespace gradus {

// Tensors [rows, dims of one example...], by the input they feed; they are shared, not copied.
// Types: FLOAT32, FLOAT64, INT32, UINT8. An error when there is none, or their rows differ.
//
//   MakeMemoryDataset({{"x", x}, {"label", label}})
absl::StatusOr<std::shared_ptr<const Dataset>> MakeMemoryDataset(
    std::vector<std::pair<std::string, Tensor>> fields);

// Writes the rows, in this order, one after another, into a buffer per field. Called from any
// thread, from several at once when several streams read; what it throws becomes a Status.
using ReadRows = std::function<absl::Status(absl::Span<const int64_t> rows,
                                            absl::Span<void* const> destinations)>;

// Rows made when they are asked for. Types: FLOAT32, INT32, UINT8.
absl::StatusOr<std::shared_ptr<const Dataset>> MakeCallbackDataset(std::vector<FieldSpec> fields,
                                                                   int64_t size, ReadRows read);

// Datasets by the name that `memory { name }` gives.
using MemoryDatasets = std::map<std::string, std::shared_ptr<const Dataset>>;

// A row of a field as a message names it.
using NameRow = std::function<std::string(int64_t row, int field)>;

// Whole tensors [rows, ...], one per field, that are known to fit. For readers. `on_disk`: the memory behind them is a mapped file's.
std::shared_ptr<const Dataset> MakeTensorDataset(std::vector<FieldSpec> fields,
                                                 std::vector<Tensor> tensors, NameRow where,
                                                 bool on_disk = false);

}  // namespace gradus

#endif  // GRADUS_DATA_MEMORY_H_
