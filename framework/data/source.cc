// Sources of any kind: opened by their readers, then learned from, checked,
// prepared.

#include "gradus/data/source.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/status.h"
#include "gradus/data/learn_columns.h"
#include "gradus/data/learn_transform.h"
#include "gradus/data/prepared_dataset.h"
#include "gradus/data/reader.h"
#include "gradus/data/row_blocks.h"

namespace gradus {
namespace {

// Whether what the columns of an input come to fits its shape; the input takes
// it when it has none.
bool CheckWidth(const FieldSpec &input, const Feed &feed, Diagnostics *diagnostics) {
  int64_t elements = 1;
  for (int64_t dim : feed.dims) elements *= dim;
  if (input.any_dims || elements == input.elements()) return true;
  std::vector<std::string> wide;
  for (size_t c = 0; c < feed.transform.treatments.size(); ++c) {
    const ColumnTransform &column = feed.transform.treatments[c];
    if (column.width() == 1) continue;
    wide.push_back(
        absl::StrCat(feed.transform.NameOfColumn(static_cast<int64_t>(c)), " ", column.width()));
  }
  diagnostics->Error(
      "shape", feed.path,
      absl::StrCat("input \"", input.input, "\" is ", input.ToString(), ", that is ",
                   input.elements(), " numbers an example; its columns come to ", elements,
                   wide.empty() ? "" : absl::StrCat(" (", absl::StrJoin(wide, ", "), ")")),
      feed.transform.treatments.size() == 1 && input.elements() == 1
          ? "as: INDEX in categories makes its place of a text, which is one number"
          : "leave out the input's shape: it is then what the training data has");
  return false;
}

}  // namespace

Source OpenRawSource(const SourceConfig &config, const ConfigPath &path, Role role,
                     const Preprocessing &trained, const SourceContext &context) {
  Opening opening(role, trained, context);
  Source source;
  source.raw = opening.OpenInner(config, path);
  if (source.raw == nullptr) return {};
  source.feeds = std::move(opening.feeds_);
  if (role != Role::kTrained) return source;
  for (size_t i = 0; i < source.feeds.size(); ++i) {
    Feed &feed = source.feeds[i];
    feed.dims = context.inputs[i].dims;
    if (!PlaceCategories(*source.raw, &feed.path, &feed, context.diagnostics)) source.raw = nullptr;
    if (source.raw == nullptr) return {};
  }
  return source;
}

bool LearnFeeds(const Rows &training_rows, Source *source, const SourceContext &context) {
  GRADUS_CHECK(source->raw != nullptr && training_rows.size() > 0);
  bool good = true;
  for (size_t i = 0; i < source->feeds.size(); ++i) {
    Feed &feed = source->feeds[i];
    if (!feed.fed()) continue;
    const FieldSpec &input = context.inputs[i];
    if (feed.by_column()) {
      if (!LearnColumns(*source->raw, training_rows, &feed, context.diagnostics)) {
        good = false;
      } else {
        good = CheckWidth(input, feed, context.diagnostics) && good;
      }
      if (!input.any_dims) feed.dims = input.dims;
      continue;
    }
    if (!feed.standardise) continue;
    const absl::Status status =
        LearnTransform(*source->raw, feed.raw_fields[0], training_rows, &feed.transform);
    if (!status.ok()) context.diagnostics->Error("data", feed.path, status.message());
    good = good && status.ok();
  }
  return good;
}

std::shared_ptr<const Dataset> Prepare(const Source &source, absl::Span<const FieldSpec> inputs,
                                       Rows rows) {
  std::vector<PreparedInput> prepared;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Feed &feed = source.feeds[i];
    prepared.push_back({inputs[i], feed.transform, feed.raw_fields, feed.parts, feed.cells});
  }
  return MakePreparedDataset(source.raw, std::move(prepared), std::move(rows));
}

bool ReadClassKeys(const Source &source, int input, std::vector<int64_t> *keys) {
  const Feed &feed = source.feeds[input];
  if (feed.raw_fields.size() != 1) return false;
  const int field = feed.raw_fields[0];
  const FieldSpec &spec = source.raw->fields()[field];
  if (spec.elements() != 1) return false;
  keys->clear();
  keys->reserve(static_cast<size_t>(source.raw->size()));
  const bool whole = spec.dtype == DType::kInt32 || spec.dtype == DType::kUint8;
  bool classes = true;
  const absl::Status status =
      ForRowBlocks(*source.raw, field, Rows::Range(0, source.raw->size()),
                   [&](const void *block, int64_t, int64_t count) {
                     for (int64_t i = 0; i < count; ++i) {
                       double value = 0;
                       switch (spec.dtype) {
                         case DType::kUint8:
                           value = static_cast<const uint8_t *>(block)[i];
                           break;
                         case DType::kInt32:
                           value = static_cast<const int32_t *>(block)[i];
                           break;
                         case DType::kFloat32:
                           value = static_cast<double>(static_cast<const float *>(block)[i]);
                           break;
                         case DType::kFloat64:
                           value = static_cast<const double *>(block)[i];
                           break;
                         case DType::kInt64:
                           classes = false;
                           break;
                       }
                       classes = classes && (whole || value == 0 || value == 1);
                       keys->push_back(classes ? static_cast<int64_t>(value) : 0);
                     }
                   });
  return status.ok() && classes;
}

}  // namespace gradus
