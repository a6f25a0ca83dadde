// The contract of a reader: what opens one kind of source, `csv {}` or `idx {}`. A reader is one file
// in framework/readers/, a message, and its line in SourceConfig (or an extension of it); it is registered
// under the full name of that field. It says which of its fields feeds which input of the model and
// gives the examples as a Dataset of raw values; what is done to the values, splits, order and
// batches are not its business.
//
//   class Idx : public TypedReader<IdxSource> {
//     void Open(const IdxSource& config, const ConfigPath& path, Opening* opening) const override {
//       TensorFields fields(opening);
//       for (int k = 0; k < config.field_size(); ++k) {
//         const FileField& field = config.field(k);
//         const std::string file = opening->Resolve(field.path());
//         fields.Add(field, path.Child("field", k, ""), "path", file, ReadIdx(file));
//       }
//       fields.Finish();
//     }
//   };
//   GRADUS_REGISTER(Reader, "gradus.SourceConfig.idx", Idx);
//
// A reader holds no state. Everything that a file, or what a user wrote, can cause is a finding
// (Opening::Error); a reader goes on after one as long as what follows does not depend on it.
//
// It also serves `gradus predict RUN PATH`: there it is told by WouldRead whether what lies at PATH
// is of its kind, and PointAt makes the configuration that reads it. What these do by themselves is
// right for a message with a `path` (its rule says `file: true`) and a list of fields that have an
// `input` each, so most readers have neither.

#ifndef GRADUS_DATA_READER_H_
#define GRADUS_DATA_READER_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "gradus/base/config_path.h"
#include "gradus/base/registry.h"
#include "gradus/base/tensor.h"
#include "gradus/data.pb.h"
#include "gradus/data/source.h"

namespace gradus {

// What a field of any kind of source says of its values.
struct FieldValues {
  std::string input;
  bool has_divide_by = false, has_standardise = false;
  double divide_by = 1;
  bool standardise = false;
};
template <class Field>
FieldValues ValuesOf(const Field& field) {
  return {field.input(), field.has_divide_by(), field.has_standardise(), field.divide_by(),
          field.standardise()};
}

// What lies at a place that a user points at, as far as its beginning tells.
struct GivenPlace {
  std::string path;
  bool folder = false;
  bool pipe = false;      // It can be read once: nothing has been looked at.
  std::string beginning;  // The first bytes of a file, unpacked when it is compressed.
};

// What a reader opens a source with.
class Opening {
 public:
  Opening(Role role, const Preprocessing& trained, const SourceContext& context)
      : role_(role), trained_(trained), context_(context), feeds_(context.inputs.size()) {}

  Role role() const { return role_; }
  absl::Span<const FieldSpec> inputs() const { return context_.inputs; }
  const FieldSpec& input(int i) const { return context_.inputs[i]; }
  // The input of that name, or -1.
  int FindInput(absl::string_view name) const;
  // What is known of an input in training; null when nothing is, or the role is not kTrained.
  const InputTransform* Trained(absl::string_view input) const;
  const MemoryDatasets& memory() const { return *context_.memory; }
  // A path of the configuration as one that can be opened.
  std::string Resolve(const std::string& path) const;

  void Error(absl::string_view code, const ConfigPath& path, absl::string_view message,
             absl::string_view hint = "");
  // The same of what breaks a rule of the language: it has been found already, unless a program made the configuration.
  void RuleBroken(absl::string_view code, const ConfigPath& path, absl::string_view message);
  // Whether there was a finding in this source.
  bool failed() const { return failed_; }

  // The model's input of that name, which is now fed by field `raw_field` of the dataset that this
  // reader is going to give; -1 after a finding.
  int Claim(const std::string& name, const ConfigPath& path, int raw_field);
  // The same when it is not known yet which fields feed it: the reader sets feed(i).raw_fields
  // later, counted from first_field().
  int Claim(const std::string& name, const ConfigPath& path);
  // What is done to the values of input i, which Claim gave; `path` is the field's.
  void PlanValues(const FieldValues& values, const ConfigPath& path, int i);
  // Whether raw values of this type and number per example can feed input i. `what` is what has
  // them: "train.idx".
  void CheckFits(int i, DType dtype, absl::Span<const int64_t> dims, const ConfigPath& path,
                 absl::string_view what);
  Feed& feed(int i) { return feeds_[i]; }
  // Of the whole source, the number of field 0 of this reader's dataset.
  int first_field() const { return first_field_; }
  // Nobody knows which fields the source would have had: no input is missed.
  void FieldsUnknown() { fields_known_ = false; }
  // Whether the source is one of several that feed the model side by side.
  bool nested() const { return depth_ > 1; }

  // The examples, once, when there was no finding.
  void Give(std::shared_ptr<const Dataset> raw) { raw_ = std::move(raw); }

  // Whether they are new ones for a trained model, which are read once and in order. A value that is
  // not what the model takes is then refused where a training file's would be converted.
  bool predicting() const { return predicting_; }
  // What examples are called in a table of predictions, and that column's own name; by their numbers
  // when a reader does not say it.
  void NameExamples(std::string column, std::function<std::string(int64_t row)> name) {
    name_column_ = std::move(column);
    name_ = std::move(name);
  }

  // Opens a source inside of this one. Its dataset's fields follow those of the ones that were opened
  // before it: the caller gives a dataset of all of them in that order. Null after a finding.
  std::shared_ptr<const Dataset> OpenInner(const SourceConfig& config, const ConfigPath& path);

 private:
  friend Source OpenRawSource(const SourceConfig& config, const ConfigPath& path, Role role,
                              const Preprocessing& trained, const SourceContext& context);
  friend class NewSource;

  const Role role_;
  const Preprocessing& trained_;
  const SourceContext& context_;
  std::vector<Feed> feeds_;
  std::set<int> claimed_;
  std::shared_ptr<const Dataset> raw_;
  int first_field_ = 0;
  int depth_ = 0;
  bool fields_known_ = true;
  bool failed_ = false;
  bool predicting_ = false;
  std::string name_column_;
  std::function<std::string(int64_t row)> name_;
};

class Reader {
 public:
  virtual ~Reader() = default;
  // The message of the field that the reader is registered for.
  virtual const google::protobuf::Descriptor* config_type() const = 0;
  // `path` is the address of the message.
  virtual void OpenFrom(const google::protobuf::Message& config, const ConfigPath& path,
                        Opening* opening) const = 0;

  // Whether it reads what lies there. Perhaps: it cannot be told by looking, so it does if the model
  // was trained from this kind of source.
  enum class Reads { kNo, kPerhaps, kYes };
  virtual Reads WouldRead(const GivenPlace& /*given*/) const { return Reads::kPerhaps; }

  // Makes `config`, which is as in training or empty, one that reads `path` and feeds those inputs
  // and nothing else. By itself: every field with the rule `file: true` becomes the path; of a list
  // of messages with an `input`, those that feed other inputs are dropped, and those that are wanted
  // and missing are added. An error says that one place cannot feed them all.
  virtual absl::Status PointAt(const std::string& path, absl::Span<const FieldSpec> inputs,
                               google::protobuf::Message* config) const;
};

template <class Config>
class TypedReader : public Reader {
 public:
  const google::protobuf::Descriptor* config_type() const override { return Config::descriptor(); }
  void OpenFrom(const google::protobuf::Message& config, const ConfigPath& path,
                Opening* opening) const override {
    Open(static_cast<const Config&>(config), path, opening);
  }
  virtual void Open(const Config& config, const ConfigPath& path, Opening* opening) const = 0;
};

// For readers whose fields are whole arrays [examples, ...], one an input.
class TensorFields {
 public:
  explicit TensorFields(Opening* opening) : opening_(opening) {}

  // What was read for a field at `path`, or why it could not be; `from` is the field's part that
  // names where it came from, `name` that place in messages ("train.npy").
  template <class Field>
  void Add(const Field& field, const ConfigPath& path, absl::string_view from,
           const std::string& name, absl::StatusOr<Tensor> tensor) {
    AddTensor(ValuesOf(field), path, path.Child(from), name, std::move(tensor));
  }
  // Gives the examples when there was no finding; a row is named "NAME: row 17".
  void Finish();

 private:
  void AddTensor(const FieldValues& values, const ConfigPath& path, const ConfigPath& from,
                 const std::string& name, absl::StatusOr<Tensor> tensor);

  Opening* const opening_;
  std::vector<FieldSpec> specs_;
  std::vector<Tensor> tensors_;
  std::vector<std::string> names_;
};

// "did you mean "x"?", or nothing.
std::string DidYouMean(absl::string_view name, absl::Span<const std::string> names);

}  // namespace gradus

#endif  // GRADUS_DATA_READER_H_
