// Learning, saving and applying the maps of a model's inputs.

#include "gradus/data/preprocessing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/data/convert.h"

namespace gradus {
namespace {

// Calls visit(rows, count) for blocks of the field's first `rows` rows.
template <class Visit>
absl::Status ForBlocks(const Dataset& raw, int field, int64_t rows, Visit visit) {
  if (const void* all = raw.Contiguous(field)) {
    visit(all, int64_t{0}, rows);
    return absl::OkStatus();
  }
  constexpr int64_t kBlock = 256;
  std::vector<AlignedBuffer> buffers;
  std::vector<void*> destinations;
  for (const FieldSpec& spec : raw.fields()) {
    GRADUS_ASSIGN_OR_RETURN(
        AlignedBuffer buffer,
        AllocateAligned(std::min(rows, kBlock) * spec.elements() * ByteSize(spec.dtype)));
    destinations.push_back(buffer.get());
    buffers.push_back(std::move(buffer));
  }
  std::vector<int64_t> block;
  for (int64_t begin = 0; begin < rows; begin += kBlock) {
    block.resize(static_cast<size_t>(std::min(kBlock, rows - begin)));
    std::iota(block.begin(), block.end(), begin);
    GRADUS_RETURN_IF_ERROR(raw.Read(block, destinations));
    visit(destinations[field], begin, static_cast<int64_t>(block.size()));
  }
  return absl::OkStatus();
}

double ValueAt(const void* block, DType dtype, int64_t index) {
  if (dtype == DType::kFloat32) return static_cast<const float*>(block)[index];
  if (dtype == DType::kFloat64) return static_cast<const double*>(block)[index];
  return 0;  // Whole numbers are finite, which is what is asked for.
}

// Why small or large values may have become smaller or larger still.
std::string DividedBy(const InputTransform& transform) {
  if (transform.divide_by == 1) return "";
  return absl::StrCat(", divided by divide_by ", ShortestNumber(transform.divide_by), ",");
}

// Names the first row whose element is not finite, or the sum when none is.
absl::Status ExplainSum(const Dataset& raw, int field, int64_t rows, int64_t element,
                        const InputTransform& transform) {
  const std::string name = transform.NameOf(element);
  const FieldSpec& spec = raw.fields()[field];
  const int64_t elements = spec.elements();
  std::string found;
  GRADUS_RETURN_IF_ERROR(
      ForBlocks(raw, field, rows, [&](const void* block, int64_t begin, int64_t n) {
        for (int64_t r = 0; r < n && found.empty(); ++r) {
          const double value = ValueAt(block, spec.dtype, r * elements + element);
          if (std::isfinite(value)) continue;
          found = absl::StrCat(raw.Where(begin + r, field), ": input \"", spec.input, "\": ", name,
                               " is ", value);
        }
      }));
  if (found.empty()) {
    found = absl::StrCat("input \"", spec.input, "\": ", name, DividedBy(transform),
                         " cannot be standardised: the sum of its values is not finite");
  }
  return absl::InvalidArgumentError(found);
}

}  // namespace

std::string InputTransform::NameOf(int64_t element) const {
  return element < static_cast<int64_t>(columns.size())
             ? absl::StrCat("column \"", columns[element], "\"")
             : absl::StrCat("element ", element);
}

absl::Status LearnTransform(const Dataset& raw, int field, int64_t rows,
                            InputTransform* transform) {
  const FieldSpec& spec = raw.fields()[field];
  const int64_t elements = spec.elements();
  GRADUS_CHECK(rows > 0 && rows <= raw.size() && CanConvert(spec.dtype, DType::kFloat32));
  const auto error = [&](int64_t element, auto&&... what) {
    return absl::InvalidArgumentError(
        absl::StrCat("input \"", spec.input, "\": ", transform->NameOf(element), what...));
  };
  const std::string divided = DividedBy(*transform);
  const InputTransform divide = {spec.input, transform->columns, transform->divide_by, {}, {}};
  const RowConversion conversion = {spec.dtype, DType::kFloat32, elements, &divide};

  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> least(elements, kInfinity), most(elements, -kInfinity), mean(elements, 0.0);
  const ElementSums sums = {least.data(), most.data(), mean.data()};
  GRADUS_RETURN_IF_ERROR(ForBlocks(raw, field, rows, [&](const void* block, int64_t, int64_t n) {
    AddSums(conversion, block, n, sums);
  }));
  for (int64_t i = 0; i < elements; ++i) {
    if (!std::isfinite(mean[i])) return ExplainSum(raw, field, rows, i, *transform);
    mean[i] /= static_cast<double>(rows);
  }
  // The mean of n equal numbers is not always that number in floating point.
  for (int64_t i = 0; i < elements; ++i) {
    if (least[i] == most[i]) mean[i] = least[i];
  }

  std::vector<double> deviation(elements, 0.0);
  GRADUS_RETURN_IF_ERROR(ForBlocks(raw, field, rows, [&](const void* block, int64_t, int64_t n) {
    AddSquares(conversion, block, n, mean.data(), deviation.data());
  }));
  for (int64_t i = 0; i < elements; ++i) {
    deviation[i] = least[i] == most[i] ? 1 : std::sqrt(deviation[i] / static_cast<double>(rows));
    if (!std::isfinite(deviation[i]) || deviation[i] <= 0) {
      return error(i, divided, " cannot be standardised: its deviation is ", deviation[i]);
    }
  }
  transform->mean = std::move(mean);
  transform->deviation = std::move(deviation);
  return absl::OkStatus();
}

absl::StatusOr<Preprocessing> Preprocessing::FromProto(
    const google::protobuf::RepeatedPtrField<InputPreprocessing>& proto) {
  Preprocessing preprocessing;
  for (const InputPreprocessing& from : proto) {
    const auto error = [&from](auto&&... what) {
      return absl::InvalidArgumentError(
          absl::StrCat("preprocessing of input \"", from.input(), "\": ", what...));
    };
    if (preprocessing.Find(from.input()) != nullptr) return error("is there twice");
    if (!std::isfinite(from.divide_by()) || from.divide_by() <= 0) {
      return error("divide_by ", from.divide_by(), " is not positive");
    }
    if (from.mean_size() != from.deviation_size()) {
      return error(from.mean_size(), " means, but ", from.deviation_size(), " deviations");
    }
    if (from.column_size() > 0 && from.mean_size() > 0 && from.column_size() != from.mean_size()) {
      return error(from.column_size(), " columns, but ", from.mean_size(), " means");
    }
    for (int i = 0; i < from.mean_size(); ++i) {
      if (!std::isfinite(from.mean(i))) return error("mean ", from.mean(i), " is not finite");
      if (!std::isfinite(from.deviation(i)) || from.deviation(i) <= 0) {
        return error("deviation ", from.deviation(i), " is not positive");
      }
    }
    preprocessing.inputs_.push_back({from.input(),
                                     {from.column().begin(), from.column().end()},
                                     from.divide_by(),
                                     {from.mean().begin(), from.mean().end()},
                                     {from.deviation().begin(), from.deviation().end()}});
  }
  return preprocessing;
}

void Preprocessing::ToProto(google::protobuf::RepeatedPtrField<InputPreprocessing>* proto) const {
  proto->Clear();
  for (const InputTransform& from : inputs_) {
    InputPreprocessing* to = proto->Add();
    to->set_input(from.input);
    for (const std::string& column : from.columns) to->add_column(column);
    if (from.divide_by != 1) to->set_divide_by(from.divide_by);
    to->mutable_mean()->Add(from.mean.begin(), from.mean.end());
    to->mutable_deviation()->Add(from.deviation.begin(), from.deviation.end());
  }
}

const InputTransform* Preprocessing::Find(absl::string_view input) const {
  for (const InputTransform& transform : inputs_) {
    if (transform.input == input) return &transform;
  }
  return nullptr;
}

absl::StatusOr<Tensor> Preprocessing::Apply(const FieldSpec& field, const Tensor& raw) const {
  const auto error = [&field](auto&&... what) {
    return absl::InvalidArgumentError(absl::StrCat("input \"", field.input, "\": ", what...));
  };
  const int64_t elements = field.elements();
  const int64_t rows = raw.rank() == 0 ? 1 : raw.rows();
  if (raw.elements() != rows * elements) {
    return error("takes ", elements, " numbers an example, ", rows, " examples have ",
                 raw.elements());
  }
  if (!CanConvert(raw.dtype(), field.dtype)) {
    return error("is ", Name(field.dtype), ", the values are ", Name(raw.dtype()));
  }
  const InputTransform none = {field.input, {}, 1, {}, {}};
  const InputTransform* transform = Find(field.input);
  if (transform == nullptr) transform = &none;
  if (!transform->mean.empty() && static_cast<int64_t>(transform->mean.size()) != elements) {
    return error("has ", elements, " elements, its preprocessing ", transform->mean.size());
  }
  std::vector<int64_t> dims = {rows};
  dims.insert(dims.end(), field.dims.begin(), field.dims.end());
  GRADUS_ASSIGN_OR_RETURN(Tensor out, Tensor::Create(field.dtype, std::move(dims)));
  std::vector<int64_t> order(static_cast<size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  const RowConversion conversion = {raw.dtype(), field.dtype, elements, transform};
  const int64_t bad = ConvertRows(conversion, raw.raw(), 0, order.data(), rows, out.mutable_raw());
  if (bad >= 0) {
    const float* row = out.data<float>().data() + bad * elements;
    return error("row ", bad, ": ", DescribeNonFinite(conversion, row));
  }
  return out;
}

}  // namespace gradus
