// Each place is one source with the inputs that it feeds; sources are joined row by row.

#include "gradus/data/new_examples.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/data/csv_fields.h"
#include "gradus/data/input_file.h"
#include "gradus/data/joined_dataset.h"
#include "gradus/data/learn_columns.h"
#include "gradus/data/reader.h"
#include "gradus/data/reader_choice.h"

namespace gradus {
namespace {

// A place and the inputs that it feeds.
struct Group {
  std::string path;
  std::vector<FieldSpec> inputs;
};

// Inputs as a message lists them: ""image" FLOAT32 [28, 28]".
std::string InWords(absl::Span<const FieldSpec> inputs) {
  std::vector<std::string> words;
  for (const FieldSpec& input : inputs) {
    words.push_back(absl::StrCat("\"", input.input, "\" ", input.ToString()));
  }
  return absl::StrJoin(words, ", ");
}

absl::StatusOr<std::vector<Group>> GroupPlaces(absl::Span<const NewPlace> places,
                                               absl::Span<const FieldSpec> inputs) {
  std::vector<std::string> names;
  for (const FieldSpec& input : inputs) names.push_back(input.input);
  std::map<std::string, std::string> path_of;
  const NewPlace* rest = nullptr;
  for (const NewPlace& place : places) {
    if (place.input.empty()) {
      if (rest != nullptr) {
        return absl::InvalidArgumentError(absl::StrCat(place.path, ": ", rest->path,
                                                       " is already for all inputs that no other "
                                                       "place names"));
      }
      rest = &place;
      continue;
    }
    if (std::find(names.begin(), names.end(), place.input) == names.end()) {
      const std::string near = DidYouMean(place.input, names);
      return absl::InvalidArgumentError(
          absl::StrCat(place.path, ": no input ", Quoted(place.input), " is needed; ",
                       near.empty() ? absl::StrCat("the inputs are ", InWords(inputs)) : near));
    }
    const auto [had, added] = path_of.emplace(place.input, place.path);
    if (!added) {
      return absl::InvalidArgumentError(absl::StrCat(
          "input \"", place.input, "\" is fed twice: from ", had->second, " and ", place.path));
    }
  }
  std::vector<Group> groups;
  std::vector<FieldSpec> nothing;
  for (FieldSpec input : inputs) {
    input.any_dims = false;  // Those of a trained model are known.
    const auto found = path_of.find(input.input);
    if (found == path_of.end() && rest == nullptr) {
      nothing.push_back(input);
      continue;
    }
    const std::string& path = found == path_of.end() ? rest->path : found->second;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&path](const Group& each) { return each.path == path; });
    if (group == groups.end()) group = groups.insert(group, {path, {}});
    group->inputs.push_back(std::move(input));
  }
  if (!nothing.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "nothing is given for ", InWords(nothing),
        places.empty() ? "; name a file or a folder to read" : "; every input has a place"));
  }
  if (rest != nullptr && path_of.size() == inputs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(rest->path, ": every input has a place of its own; there is none left"));
  }
  return groups;
}

absl::StatusOr<GivenPlace> LookAt(const std::string& path) {
  GivenPlace given;
  given.path = path;
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  given.folder = S_ISDIR(info.st_mode);
  given.pipe = !given.folder && !S_ISREG(info.st_mode);
  if (given.folder || given.pipe) return given;
  GRADUS_ASSIGN_OR_RETURN(const std::unique_ptr<InputFile> file, InputFile::Open(path));
  given.beginning.resize(64);
  GRADUS_ASSIGN_OR_RETURN(const int64_t bytes, file->Read(&given.beginning[0], 64));
  given.beginning.resize(static_cast<size_t>(bytes));
  return given;
}

// A table of more bytes is kept in a temporary file while it is used.
constexpr int64_t kMostTableBytes = int64_t{64} << 20;

int64_t BytesOf(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) ? info.st_size : 0;
}

// Whether values of these dims are those of an example, axis by axis: axes of 1 do not count, and all
// may lie in one axis.
bool SameShape(absl::Span<const int64_t> given, absl::Span<const int64_t> wanted) {
  const auto without_ones = [](absl::Span<const int64_t> dims) {
    std::vector<int64_t> kept;
    std::copy_if(dims.begin(), dims.end(), std::back_inserter(kept),
                 [](int64_t dim) { return dim != 1; });
    return kept;
  };
  const std::vector<int64_t> a = without_ones(given), b = without_ones(wanted);
  return a == b || a.size() <= 1 || b.size() <= 1;
}

std::string LineOf(const FieldSpec& input, const FieldSpec& raw, const InputTransform& transform,
                   const std::string& path) {
  std::string line = absl::StrCat(input.input, "  ", path, ": ", raw.ToString());
  if (transform.divide_by != 1) absl::StrAppend(&line, ", divided by ", transform.divide_by);
  if (!transform.mean.empty()) absl::StrAppend(&line, ", standardised");
  if (!transform.columns.empty()) absl::StrAppend(&line, ", in the order of training's columns");
  return line;
}

}  // namespace

// One source, opened as that of a trained model.
class NewSource {
 public:
  static absl::StatusOr<std::shared_ptr<const Dataset>> Open(const Group& group,
                                                             const SourceConfig& config,
                                                             const Preprocessing& preprocessing,
                                                             NewExamples* examples) {
    Diagnostics diagnostics;
    const MemoryDatasets none;
    const SourceContext context = {group.inputs, "", &none, &diagnostics};
    Opening opening(Role::kTrained, preprocessing, context);
    opening.predicting_ = true;
    Source source;
    source.raw = opening.OpenInner(config, ConfigPath());
    source.feeds = std::move(opening.feeds_);
    for (size_t i = 0; source.raw != nullptr && i < source.feeds.size(); ++i) {
      source.feeds[i].dims = group.inputs[i].dims;
      if (!PlaceCategories(*source.raw, &source.feeds[i].path, &source.feeds[i], &diagnostics)) {
        source.raw = nullptr;
      }
    }
    if (source.raw == nullptr) {
      std::vector<std::string> messages;
      for (const Finding& finding : diagnostics.findings()) {
        messages.push_back(
            absl::StrCat(finding.message, finding.hint.empty() ? "" : "; ", finding.hint));
      }
      return absl::InvalidArgumentError(absl::StrJoin(messages, "\n"));
    }
    for (size_t i = 0; i < source.feeds.size(); ++i) {
      const FieldSpec& input = group.inputs[i];
      const FieldSpec& raw = source.raw->fields()[source.feeds[i].raw_fields[0]];
      if (!source.feeds[i].by_column() && !SameShape(raw.dims, input.dims)) {
        return absl::InvalidArgumentError(
            absl::StrCat(group.path, ": an example is ", raw.ToString(), "; input \"", input.input,
                         "\" takes [", absl::StrJoin(input.dims, ", "), "]"));
      }
      examples->lines.push_back(LineOf(input, raw, source.feeds[i].transform, group.path));
    }
    if (opening.name_ != nullptr && examples->name_column != opening.name_column_) {
      examples->name = std::move(opening.name_);
      examples->name_column = std::move(opening.name_column_);
    }
    return Prepare(source, group.inputs, Rows::Range(0, source.raw->size()));
  }
};

namespace {

absl::StatusOr<std::shared_ptr<const Dataset>> OpenGroup(const Group& group,
                                                         const Preprocessing& preprocessing,
                                                         const NewExamplesOptions& options,
                                                         NewExamples* examples) {
  GRADUS_ASSIGN_OR_RETURN(const GivenPlace given, LookAt(group.path));
  GRADUS_ASSIGN_OR_RETURN(const ReaderChoice choice,
                          ChooseReader(given, group.inputs, preprocessing, options.trained));
  if (choice.table) {
    CsvDialect dialect = options.dialect;
    // Read once and in order: memory does not grow with the table.
    dialect.on_disk = dialect.on_disk || BytesOf(group.path) > kMostTableBytes;
    GRADUS_ASSIGN_OR_RETURN(CsvFile csv, CsvFile::OpenFileOrPipe(group.path, dialect));
    if (examples->table == nullptr) examples->table = std::make_unique<CsvFile>(csv);
    return PrepareCsvForModel(csv, dialect, group.inputs, preprocessing);
  }
  SourceConfig config;
  google::protobuf::Message* message = config.GetReflection()->MutableMessage(&config, choice.kind);
  if (choice.trained != nullptr) message->CopyFrom(*choice.trained);
  GRADUS_RETURN_IF_ERROR(choice.reader->PointAt(group.path, group.inputs, message));
  return NewSource::Open(group, config, preprocessing, examples);
}

}  // namespace

absl::StatusOr<NewExamples> OpenNewExamples(absl::Span<const NewPlace> places,
                                            absl::Span<const FieldSpec> inputs,
                                            const Preprocessing& preprocessing,
                                            const NewExamplesOptions& options) try {
  GRADUS_ASSIGN_OR_RETURN(const std::vector<Group> groups, GroupPlaces(places, inputs));
  NewExamples examples;
  std::vector<std::shared_ptr<const Dataset>> parts;
  for (const Group& group : groups) {
    GRADUS_ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> part,
                            OpenGroup(group, preprocessing, options, &examples));
    if (!parts.empty() && part->size() != parts[0]->size()) {
      return absl::InvalidArgumentError(
          absl::StrCat(group.path, " has ", part->size(), " examples, ", groups[0].path, " has ",
                       parts[0]->size(), "; each example is one row of both"));
    }
    parts.push_back(std::move(part));
  }
  examples.dataset = parts.size() == 1 ? parts[0] : JoinDatasets(std::move(parts), inputs);
  if (examples.name == nullptr && examples.table == nullptr) {
    examples.name_column = "row";
    examples.name = [](int64_t row) { return absl::StrCat(row); };
  }
  return examples;
} catch (const std::bad_alloc&) {
  return absl::ResourceExhaustedError("the new examples do not fit into memory");
}

}  // namespace gradus
