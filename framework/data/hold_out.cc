// Which classes a sample knows, and what of it the configuration may say.

#include "gradus/data/hold_out.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// Whether the keys are those of classes: whole numbers of an INT32 input, texts, or 0 and 1.
bool AreClasses(const FieldSpec& input, const Feed& feed, const std::vector<int64_t>& keys) {
  if (input.dtype == DType::kInt32) return true;
  if (!feed.texts.empty() && !feed.texts[0].empty()) return true;
  return std::all_of(keys.begin(), keys.end(), [](int64_t key) { return key == 0 || key == 1; });
}

// The keys of the input that `stratify` names, or of the only label that holds classes; none without one. False after a finding.
bool FindClasses(const ValidationConfig& validation, const ConfigPath& path, const Source& train,
                 const SourceContext& context, std::vector<int64_t>* keys, std::string* input) {
  const int inputs = static_cast<int>(context.inputs.size());
  if (validation.has_stratify()) {
    const ConfigPath where = path.Child("stratify");
    std::vector<std::string> names;
    for (const FieldSpec& spec : context.inputs) names.push_back(spec.input);
    const auto found = std::find(names.begin(), names.end(), validation.stratify());
    if (found == names.end()) {
      context.diagnostics->Error(
          "unknown-name", where,
          absl::StrCat("the model has no input \"", validation.stratify(), "\""),
          SuggestName(validation.stratify(), names));
      return false;
    }
    if (!ReadClassKeys(train, static_cast<int>(found - names.begin()), keys)) {
      context.diagnostics->Error(
          "data", where,
          absl::StrCat("input \"", *found,
                       "\" is not one class for each example: a whole number, "
                       "0 or 1, or a column of categories"));
      return false;
    }
    *input = *found;
    return true;
  }
  for (int i = 0; i < inputs; ++i) {
    if (!context.inputs[i].is_label) continue;
    std::vector<int64_t> found;
    if (!ReadClassKeys(train, i, &found)) continue;
    if (!AreClasses(context.inputs[i], train.feeds[i], found)) continue;
    if (!input->empty()) {
      // Which of the two would be meant, nobody has said.
      input->clear();
      keys->clear();
      return true;
    }
    *keys = std::move(found);
    *input = context.inputs[i].input;
  }
  return true;
}

// What is said of a sample where there is none.
bool CheckFields(const ValidationConfig& validation, const ConfigPath& path,
                 Diagnostics* diagnostics) {
  const bool tail = validation.tail(), drawn = validation.has_fraction();
  if (!drawn && !validation.has_source()) return true;  // One of them is missing, by a rule of the language.
  const auto refuse = [&](bool is_set, const char* field) {
    if (!is_set || (drawn && !tail)) return true;
    diagnostics->Error(
        "conflict", path.Child(field),
        drawn
            ? absl::StrCat(field, " is of a sample; with tail: true the last examples are held out")
            : absl::StrCat(field, " is of a fraction, and the validation examples are their own"));
    return false;
  };
  bool good = refuse(validation.has_seed(), "seed");
  good &= refuse(validation.has_stratify(), "stratify");
  if (!drawn && validation.has_source() && validation.has_tail()) {
    diagnostics->Error("conflict", path.Child("tail"),
                       "tail is of a fraction, and the validation examples are their own");
    good = false;
  }
  return good;
}

// How many of n examples a fraction leaves; false after a finding.
bool CountLeft(int64_t n, double fraction, const ConfigPath& path, Diagnostics* diagnostics,
               int64_t* left) {
  const absl::StatusOr<int64_t> count = TrainingCount(n, fraction);
  if (count.ok()) {
    *left = *count;
    return true;
  }
  // Whether it is in its range is a rule of the language, which has been checked unless a program made the configuration.
  const bool in_range = fraction >= 0 && fraction < 1;
  if (in_range || diagnostics->ok()) {
    diagnostics->Error(in_range ? "data" : "out-of-range", path, count.status().message());
  }
  return false;
}

// Some of the rows `from`, whose classes are `keys`; false after a finding.
bool Draw(const std::vector<int64_t>& from, int64_t held_out, int64_t seed,
          const std::vector<int64_t>& keys, const std::string& input, const ConfigPath& path,
          Diagnostics* diagnostics, Split* split) {
  const int64_t n = static_cast<int64_t>(from.size());
  absl::StatusOr<Split> drawn = DrawSplit(n, held_out, static_cast<uint64_t>(seed), keys);
  if (!drawn.ok()) {
    diagnostics->Error("data", path, drawn.status().message(),
                       absl::StrCat("its classes are those of input \"", input, "\""));
    return false;
  }
  *split = *std::move(drawn);
  return true;
}

std::vector<int64_t> Picked(const std::vector<int64_t>& from, const std::vector<int64_t>& places) {
  std::vector<int64_t> picked(places.size());
  for (size_t i = 0; i < places.size(); ++i) picked[i] = from[static_cast<size_t>(places[i])];
  return picked;
}

}  // namespace

bool ChooseRows(const DataConfig& config, const ConfigPath& root, const Source& train,
                const SourceContext& context, HeldOut* chosen) {
  const ValidationConfig& validation = config.validation();
  const ConfigPath path = root.Child("validation");
  Diagnostics* diagnostics = context.diagnostics;
  const int64_t n = train.raw->size();
  chosen->training = Rows::Range(0, n);
  if (!CheckFields(validation, path, diagnostics)) return false;
  int64_t not_tested = n;
  if (!CountLeft(n, config.test_fraction(), root.Child("test_fraction"), diagnostics,
                 &not_tested)) {
    return false;
  }
  int64_t trained = not_tested;
  if (validation.has_fraction() && !CountLeft(not_tested, validation.fraction(),
                                              path.Child("fraction"), diagnostics, &trained)) {
    return false;
  }
  if (trained == n) return true;
  std::vector<int64_t> keys;
  const std::string& input = chosen->classes.input;
  if (!FindClasses(validation, path, train, context, &keys, &chosen->classes.input)) return false;

  const std::vector<int64_t> all_keys = keys;
  std::vector<int64_t> held_out, tested;  // Rows.
  const bool sampled = !validation.tail() && trained < not_tested;
  std::vector<int64_t> rows;  // That are not tested with; none as long as those are all.
  if (not_tested < n || sampled) {
    rows.resize(static_cast<size_t>(n));
    std::iota(rows.begin(), rows.end(), int64_t{0});
  }
  if (not_tested < n) {
    Split split;
    if (!Draw(rows, n - not_tested, config.test_seed(), keys, input, root.Child("test_fraction"),
              diagnostics, &split)) {
      return false;
    }
    if (!keys.empty()) keys = Picked(keys, split.training);
    rows = std::move(split.training);
    tested = std::move(split.held_out);
    chosen->test = Rows::List(tested);
    chosen->training = Rows::List(rows);
  }
  if (sampled) {
    Split split;
    if (!Draw(rows, not_tested - trained, validation.seed(), keys, input, path.Child("fraction"),
              diagnostics, &split)) {
      return false;
    }
    chosen->training = Rows::List(Picked(rows, split.training));
    held_out = Picked(rows, split.held_out);
    chosen->held_out = Rows::List(held_out);
  } else if (trained < not_tested) {
    held_out.resize(static_cast<size_t>(not_tested - trained));
    std::iota(held_out.begin(), held_out.end(), trained);
    if (rows.empty()) {
      chosen->training = Rows::Range(0, trained);
      chosen->held_out = Rows::Range(trained, not_tested - trained);
    } else {
      held_out = Picked(rows, held_out);
      chosen->held_out = Rows::List(held_out);
      rows.resize(static_cast<size_t>(trained));
      chosen->training = Rows::List(std::move(rows));
    }
  }
  if (!keys.empty()) chosen->classes.classes = CountClasses(all_keys, held_out, tested);
  return true;
}

}  // namespace gradus
