// What hand-written loops of oneDNN primitives (raw_onednn.h, raw_onednn_cnn.h) are made of: lists of calls whose arguments are made
// once and executed through the C interface, parameters with their update rules as plain loops, and the softmax loss.
//
// Header-only, since every .cc of this folder is a program. Threads: what omp_get_max_threads() says where a loop is built and where it
// steps; they must agree.

#ifndef GRADUS_TOOLS_BENCH_RAW_ONEDNN_PROGRAM_H_
#define GRADUS_TOOLS_BENCH_RAW_ONEDNN_PROGRAM_H_

#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <utility>
#include <vector>

#include "dnnl.hpp"
#include "gradus/base/isa.h"

namespace gradus {

class RawOneDnnProgram {
 public:
  enum Rule { kSgd, kAdam };

  int64_t parameters() const {
    int64_t n = 0;
    for (const Parameter& p : parameters_) n += p.size;
    return n;
  }

 protected:
  static constexpr dnnl::memory::data_type kF32 = dnnl::memory::data_type::f32;

  struct Call {
    dnnl::primitive primitive;
    std::vector<dnnl_exec_arg_t> arguments;
  };
  struct Parameter {
    float* value;
    float* gradient;
    int64_t size;
    std::vector<float> first, second;  // Adam's moments
  };

  // The update rules, written once and compiled for each instruction set, as the caller's -march
  // would do it.
  struct SgdLoop {
    template <Isa>
    GRADUS_INLINE static void Run(float* w, const float* g, int64_t n, float rate) {
      for (int64_t i = 0; i < n; ++i) w[i] -= rate * g[i];
    }
  };
  struct AdamLoop {
    template <Isa>
    GRADUS_INLINE static void Run(float* __restrict w, const float* __restrict g,
                                  float* __restrict m, float* __restrict v, int64_t n, float rate) {
      for (int64_t i = 0; i < n; ++i) {
        m[i] += (g[i] - m[i]) * 0.1f;
        v[i] += (g[i] * g[i] - v[i]) * 0.001f;
        w[i] -= rate * m[i] / (std::sqrt(v[i]) + 1e-7f);
      }
    }
  };

  RawOneDnnProgram(Rule rule, float rate)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_), rule_(rule), rate_(rate) {}

  static float* Data(const dnnl::memory& memory) {
    return static_cast<float*>(memory.get_data_handle());
  }
  static int64_t Stored(const dnnl::memory& memory) {
    return static_cast<int64_t>(memory.get_desc().get_size() / sizeof(float));
  }
  static void Clear(const dnnl::memory& memory) {
    std::memset(Data(memory), 0, memory.get_desc().get_size());
  }

  dnnl::memory NewLike(const dnnl::memory& other) {
    return dnnl::memory(other.get_desc(), engine_);
  }

  void Add(std::vector<Call>* calls, const dnnl::primitive& primitive,
           std::initializer_list<std::pair<int, dnnl::memory>> arguments) {
    Call call{primitive, {}};
    for (const auto& [id, memory] : arguments) call.arguments.push_back({id, memory.get()});
    calls->push_back(std::move(call));
    for (const auto& argument : arguments) held_.push_back(argument.second);
  }

  void Run(const std::vector<Call>& calls) {
    for (const Call& call : calls) {
      dnnl_primitive_execute(call.primitive.get(), stream_.get(),
                             static_cast<int>(call.arguments.size()), call.arguments.data());
    }
  }

  // Returns `memory`, or a reordered copy of it that the calls before refresh.
  dnnl::memory InLayout(std::vector<Call>* calls, const dnnl::memory& memory,
                        const dnnl::memory::desc& wanted) {
    if (memory.get_desc() == wanted) return memory;
    dnnl::memory copy(wanted, engine_);
    Add(calls, dnnl::reorder(memory, copy), {{DNNL_ARG_FROM, memory}, {DNNL_ARG_TO, copy}});
    return copy;
  }

  // A blocked layout may have padding, which must be zero in both and counts as elements.
  void AddParameter(const dnnl::memory& value, const dnnl::memory& gradient) {
    Clear(gradient);
    const int64_t size = Stored(value);
    const size_t moments = rule_ == kAdam ? size : 0;
    parameters_.push_back({Data(value), Data(gradient), size, std::vector<float>(moments),
                           std::vector<float>(moments)});
  }

  // The mean crossentropy of softmax(y), and its gradient in y.
  template <class T>
  static float SoftmaxCrossEntropy(const float* y, const T* labels, int64_t batch, int64_t classes,
                                   float* g) {
    const float scale = 1.0f / static_cast<float>(batch);
    float loss = 0;
    for (int64_t i = 0; i < batch; ++i, y += classes, g += classes) {
      const int64_t label = static_cast<int64_t>(labels[i]);
      float most = y[0], sum = 0;
      for (int64_t j = 1; j < classes; ++j) most = y[j] > most ? y[j] : most;
      for (int64_t j = 0; j < classes; ++j) sum += g[j] = std::exp(y[j] - most);
      loss += std::log(sum) - (y[label] - most);
      for (int64_t j = 0; j < classes; ++j) g[j] *= scale / sum;
      g[label] -= scale;
    }
    return loss * scale;
  }

  void Update() {
    ++steps_;
    const double corrected =
        rate_ * std::sqrt(1 - std::pow(0.999, steps_)) / (1 - std::pow(0.9, steps_));
    for (Parameter& p : parameters_) {
      if (rule_ == kSgd) {
        ForIsa<SgdLoop>(p.value, static_cast<const float*>(p.gradient), p.size, rate_);
      } else {
        ForIsa<AdamLoop>(p.value, static_cast<const float*>(p.gradient), p.first.data(),
                         p.second.data(), p.size, static_cast<float>(corrected));
      }
    }
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<Call> forward_, backward_;

 private:
  const Rule rule_;
  const float rate_;
  std::vector<Parameter> parameters_;
  std::vector<dnnl::memory> held_;  // what the argument lists point to
  int64_t steps_ = 0;
};

}  // namespace gradus

#endif  // GRADUS_TOOLS_BENCH_RAW_ONEDNN_PROGRAM_H_
