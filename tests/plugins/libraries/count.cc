// A reader of a library: no file, so that nothing but the contract is at work.

#include <vector>

#include "absl/strings/str_cat.h"
#include "acme/count.pb.h"
#include "gradus/base/plugin.h"
#include "gradus/data/memory.h"
#include "gradus/data/reader.h"

GRADUS_PLUGIN("count.descriptor_set");

namespace acme {
namespace {

class Counting final : public gradus::TypedReader<Count> {
  void Open(const Count& config, const gradus::ConfigPath& path,
            gradus::Opening* opening) const override {
    const int number = opening->Claim(config.input(), path.Child("input"), 0);
    const int twice = opening->Claim(config.double_input(), path.Child("double_input"), 1);
    if (config.rows() > 1000) {
      opening->Error("out-of-range", path.Child("rows"),
                     absl::StrCat(config.rows(), " is further than this reader counts"));
    }
    if (number < 0 || twice < 0 || opening->failed()) return;
    std::vector<float> numbers, doubles;
    for (int64_t i = 0; i < config.rows(); ++i) {
      numbers.push_back(static_cast<float>(i));
      doubles.push_back(static_cast<float>(2 * i));
    }
    for (int input : {number, twice}) {
      opening->CheckFits(input, gradus::DType::kFloat32, {1}, path, "the count");
    }
    std::vector<gradus::FieldSpec> specs = {{config.input(), gradus::DType::kFloat32, {1}},
                                            {config.double_input(), gradus::DType::kFloat32, {1}}};
    std::vector<gradus::Tensor> tensors;
    tensors.push_back(gradus::Tensor::Of<float>({config.rows(), 1}, numbers));
    tensors.push_back(gradus::Tensor::Of<float>({config.rows(), 1}, doubles));
    opening->Give(
        gradus::MakeTensorDataset(std::move(specs), std::move(tensors),
                                  [](int64_t row, int) { return absl::StrCat("count: ", row); }));
  }
};

GRADUS_REGISTER(gradus::Reader, "acme.count", Counting);

}  // namespace
}  // namespace acme
