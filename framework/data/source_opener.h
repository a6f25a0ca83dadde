// How a source is opened: what all kinds share, and a method per kind.

#ifndef GRADUS_DATA_SOURCE_OPENER_H_
#define GRADUS_DATA_SOURCE_OPENER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gradus/data/csv.h"
#include "gradus/data/source.h"

namespace gradus {

// Opens one source. Goes on after a finding as long as what follows does not depend on it.
class SourceOpener {
 public:
  SourceOpener(Role role, const Preprocessing& trained, const SourceContext& context)
      : role_(role), trained_(trained), context_(context), feeds_(context.inputs.size()) {}

  Source Open(const SourceConfig& config, const ConfigPath& path);

 private:
  // What a field of any kind says of its values.
  struct Values {
    std::string input;
    bool has_divide_by, has_standardise;
    double divide_by;
    bool standardise;
  };
  template <class Field>
  static Values ValuesOf(const Field& field) {
    return {field.input(), field.has_divide_by(), field.has_standardise(), field.divide_by(),
            field.standardise()};
  }

  const FieldSpec& input(int i) const { return context_.inputs[i]; }
  int input_count() const { return static_cast<int>(context_.inputs.size()); }
  int FindInput(absl::string_view name) const;
  std::string Resolve(const std::string& path) const;

  void Error(absl::string_view code, const ConfigPath& path, absl::string_view message,
             absl::string_view hint = "");

  // The model's input of that name, which is now fed by raw field `raw_field`; -1 when that cannot
  // be.
  int Claim(const std::string& name, const ConfigPath& path, int raw_field);
  // What is done to the values of input i, which Claim accepted.
  void PlanValues(const Values& values, const ConfigPath& path, int i);
  // Whether values of this type and number per example can feed the input.
  void CheckFits(int i, DType dtype, absl::Span<const int64_t> dims, const ConfigPath& path,
                 absl::string_view what);
  void CheckAllFed(const ConfigPath& path);

  void OpenCsv(const CsvSource& config, const ConfigPath& path);
  // The columns of an input, as indices; also sets its transform's columns. False on a finding.
  bool Columns(const CsvField& field, const ConfigPath& path, const CsvFile& file, int i,
               std::vector<int>* columns);
  bool FindColumns(const std::vector<std::string>& names, const ConfigPath& path,
                   absl::string_view list, const CsvFile& file, std::vector<int>* columns);
  void OpenIdx(const IdxSource& config, const ConfigPath& path);
  void OpenMemory(const MemorySource& config, const ConfigPath& path);

  const Role role_;
  const Preprocessing& trained_;
  const SourceContext& context_;
  std::vector<Feed> feeds_;
  std::shared_ptr<const Dataset> raw_;
  bool failed_ = false;
};

// "did you mean "x"?", or nothing.
std::string DidYouMean(absl::string_view name, absl::Span<const std::string> names);

}  // namespace gradus

#endif  // GRADUS_DATA_SOURCE_OPENER_H_
