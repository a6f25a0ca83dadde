// Files of MNIST's format, one a field: framework/data/idx.h says what is in them.
//
//   train { idx { field { input: "image" path: "train-images-idx3-ubyte.gz" divide_by: 255 }
//                 field { input: "label" path: "train-labels-idx1-ubyte.gz" } } }

#include "gradus/data/idx.h"

#include "gradus/data/reader.h"

namespace gradus {
namespace {

class Idx : public TypedReader<IdxSource> {
  void Open(const IdxSource& config, const ConfigPath& path, Opening* opening) const override {
    TensorFields fields(opening);
    for (int k = 0; k < config.field_size(); ++k) {
      const FileField& field = config.field(k);
      const std::string file = opening->Resolve(field.path());
      fields.Add(field, path.Child("field", k, ""), "path", file, ReadIdx(file));
    }
    fields.Finish();
  }
  Reads WouldRead(const GivenPlace& given) const override {
    const std::string& bytes = given.beginning;
    const bool idx = bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] >= 8 &&
                     bytes[2] <= 14 && bytes[3] >= 1 && bytes[3] <= 8;
    return idx ? Reads::kYes : Reads::kNo;
  }
};

GRADUS_REGISTER(Reader, "gradus.SourceConfig.idx", Idx);

}  // namespace
}  // namespace gradus
