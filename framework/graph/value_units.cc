// The way back as nodes. Elements that are all treated alike, which is the rule, share scalar constants.

#include "gradus/graph/value_units.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gradus/base/tensor.h"

namespace gradus {
namespace {

class WayBack {
 public:
  WayBack(const std::string& input, const ValueUnits& units, const Shape& shape, Emitter& emit)
      : input_(input), elements_(units.elements), emit_(emit) {
    for (int axis = 1; axis < shape.rank(); ++axis) dims_.push_back(shape.dim(axis).k);
  }

  Value Of(Value x) {
    using Element = ValueUnits::Element;
    using Logarithm = ValueUnits::Logarithm;
    x = Apply(op::Mul(), x, "scale", 1, [](const Element& e) { return e.scale; });
    x = Apply(op::Add(), x, "shift", 0, [](const Element& e) { return e.shift; });
    const auto logs = [](const Element& e) { return e.log == Logarithm::kNone ? 0.0 : 1.0; };
    if (Any(0, logs)) {
      const Value power = Apply(op::Sub(), emit_(op::Exp(), {x}), "one", 0, [](const Element& e) {
        return e.log == Logarithm::kLog1p ? 1.0 : 0.0;
      });
      x = Any(1, logs) ? emit_(op::Select(), {Constant("logs", logs), power, x}) : power;
    }
    return Apply(op::Mul(), x, "divide_by", 1, [](const Element& e) { return e.divide_by; });
  }

 private:
  // Whether any element has another number than this.
  template <class Get>
  bool Any(double other_than, Get get) const {
    return std::any_of(elements_.begin(), elements_.end(),
                       [&](const ValueUnits::Element& e) { return get(e) != other_than; });
  }

  template <class Op, class Get>
  Value Apply(const Op& op, Value x, const char* part, double neutral, Get get) {
    return Any(neutral, get) ? emit_(op, {x, Constant(part, get)}) : x;
  }

  template <class Get>
  Value Constant(const char* part, Get get) {
    if (!Any(get(elements_[0]), get)) return emit_.Constant(static_cast<float>(get(elements_[0])));
    const std::string name = absl::StrCat("units/", input_, "/", part);
    const Value existing = emit_.graph().FindLeaf(Leaf::kConstant, name);
    if (existing.valid()) return existing;
    std::vector<float> values;
    for (const ValueUnits::Element& e : elements_) values.push_back(static_cast<float>(get(e)));
    const absl::StatusOr<Value> added =
        emit_.graph().AddConstant(name, Tensor::Of<float>(dims_, values));
    if (added.ok()) return *added;
    emit_.Fail(added.status());
    return Value();
  }

  const std::string& input_;
  const std::vector<ValueUnits::Element>& elements_;
  Emitter& emit_;
  std::vector<int64_t> dims_;
};

}  // namespace

Value InOwnUnits(Value value, const std::string& input, const ValueUnits& units, Emitter& emit) {
  if (!value.valid() || units.elements.empty()) return value;
  return WayBack(input, units, emit.spec(value).shape, emit).Of(value);
}

}  // namespace gradus
