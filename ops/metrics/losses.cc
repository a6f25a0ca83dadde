// Losses as metrics: the loss of the same name and fields, shown and not trained on; the mean over the examples of what it gives each. One that
// the model is trained on with a schedulable field set (label_smoothing) needs another `name` here, as its number has that name.
//
//   metric { hinge { prediction: "score" label: "spam" } }
//   metric { name: "nats" sparse_categorical_crossentropy { prediction: "logits" label: "digit" from_logits: true } }

#include <memory>

#include "absl/strings/str_cat.h"
#include "gradus/graph/layer.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

template <class ConfigType>
class LossAsMetric : public TypedLayer<ConfigType> {
 public:
  explicit LossAsMetric(const char* name) : name_(name) {}

 private:
  void Build(const ConfigType& config, LayerScope* scope) const override {
    const Layer* loss = Registry<Layer>::Get().Find(absl::StrCat("gradus.LossConfig.", name_));
    if (loss == nullptr) {
      return scope->Error("not-registered", "", absl::StrCat("there is no loss ", name_));
    }
    loss->BuildFrom(config, scope);
    scope->SetSummary(std::make_shared<const MeanSummary>(Goal::kLess));
  }

  const char* const name_;
};

struct BinaryCrossentropy final : LossAsMetric<loss::BinaryCrossentropy> {
  BinaryCrossentropy() : LossAsMetric("binary_crossentropy") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.binary_crossentropy", BinaryCrossentropy);

struct CategoricalCrossentropy final : LossAsMetric<loss::CategoricalCrossentropy> {
  CategoricalCrossentropy() : LossAsMetric("categorical_crossentropy") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.categorical_crossentropy", CategoricalCrossentropy);

struct SparseCategoricalCrossentropy final : LossAsMetric<loss::SparseCategoricalCrossentropy> {
  SparseCategoricalCrossentropy() : LossAsMetric("sparse_categorical_crossentropy") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.sparse_categorical_crossentropy",
                SparseCategoricalCrossentropy);

struct MeanSquaredLogarithmicError final : LossAsMetric<loss::MeanSquaredLogarithmicError> {
  MeanSquaredLogarithmicError() : LossAsMetric("mean_squared_logarithmic_error") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.mean_squared_logarithmic_error",
                MeanSquaredLogarithmicError);

struct Huber final : LossAsMetric<loss::Huber> {
  Huber() : LossAsMetric("huber") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.huber", Huber);

struct LogCosh final : LossAsMetric<loss::LogCosh> {
  LogCosh() : LossAsMetric("log_cosh") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.log_cosh", LogCosh);

struct Hinge final : LossAsMetric<loss::Hinge> {
  Hinge() : LossAsMetric("hinge") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.hinge", Hinge);

struct SquaredHinge final : LossAsMetric<loss::SquaredHinge> {
  SquaredHinge() : LossAsMetric("squared_hinge") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.squared_hinge", SquaredHinge);

struct CategoricalHinge final : LossAsMetric<loss::CategoricalHinge> {
  CategoricalHinge() : LossAsMetric("categorical_hinge") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.categorical_hinge", CategoricalHinge);

struct KlDivergence final : LossAsMetric<loss::KlDivergence> {
  KlDivergence() : LossAsMetric("kl_divergence") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.kl_divergence", KlDivergence);

struct Poisson final : LossAsMetric<loss::Poisson> {
  Poisson() : LossAsMetric("poisson") {}
};
GRADUS_REGISTER(Layer, "gradus.MetricConfig.poisson", Poisson);

}  // namespace
}  // namespace gradus
