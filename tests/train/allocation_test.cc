// After the first step of each batch size no code of ours asks for memory.
//
// oneDNN 2.6.3 itself allocates 3 to 15 times in each call of a primitive (its execution context
// and argument maps), and more in its inner product. What it does here is printed and written to
// the test's properties; where all kernels that were chosen are our own it is nothing.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/testing/allocation_counter.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

// Counts from the first update after `warm_up` to the last one.
class CountFrom final : public TrainObserver {
 public:
  CountFrom(int64_t warm_up, int64_t last) : warm_up_(warm_up), last_(last) {}
  absl::Status OnStep(const StepReport& report, const TrainState&) override {
    if (report.step == warm_up_) AllocationCounter::Count(true);
    if (report.step == last_) AllocationCounter::Count(false);
    return absl::OkStatus();
  }

 private:
  const int64_t warm_up_, last_;
};

// No allocation of ours since the counter was set to zero; says who made the first, and what oneDNN
// did.
void ExpectNoneOfOurs(const std::string& what) {
  EXPECT_TRUE(AllocationCounter::knows_onednn());
  EXPECT_EQ(AllocationCounter::ours(), 0) << what << ": " << AllocationCounter::FirstOfOurs();
  testing::Test::RecordProperty("allocations_of_onednn_" + what,
                                absl::StrCat(AllocationCounter::theirs()));
  std::printf("oneDNN's own allocations, %s: %ld\n", what.c_str(),
              static_cast<long>(AllocationCounter::theirs()));
}

void CountLoop(const std::string& what, bool batch_norm, int threads,
               const std::string& optimizer, int64_t batch_size = 32) {
  auto run = MakeRun(absl::StrCat(optimizer, " run { max_steps: 11 epochs: 3 }"), batch_norm,
                     threads, "", batch_size);
  // Four batches an epoch. The end of the first writes lines and validates, which may allocate;
  // steps 6 and 7 lie behind it.
  CountFrom count(5, 7);
  TrainObserver* const observers[] = {&count};
  AllocationCounter::Reset();
  const absl::Status status = run->Go(observers).status();
  AllocationCounter::Count(false);
  ASSERT_TRUE(status.ok()) << status;
  ExpectNoneOfOurs(what);
}

TEST(AllocationTest, NoStepOfALoopAfterTheFirstAllocates) {
  if (!AllocationCounter::kCounts) GTEST_SKIP() << AllocationCounter::kWhyNot;
  CountLoop("loop_one_thread", false, 1, "optimizer { adam {} }");
  CountLoop("loop_two_threads", false, 2,
            "optimizer { rmsprop { centered: true momentum: 0.5 } learning_rate { cosine_decay {"
            " initial_learning_rate: 0.01 decay_steps: 100 } } }");
  CountLoop("loop_batch_norm", true, 1, "optimizer { sgd { momentum: 0.9 } }");
  CountLoop("loop_batch_norm_two_threads", true, 2, "optimizer { adam {} }");
  CountLoop("loop_accumulation", true, 1,
            "optimizer { adam {} gradient_accumulation_steps: 4 }", 8);
  CountLoop("loop_matrix_rules", false, 2,
            "optimizer { muon {} group { name: \"biases\" match: \".*/bias\" rule { adafactor {} } }"
            " group { name: \"output\" match: \"output/.*\" rule { shampoo {} } } }");
  CountLoop("loop_lbfgs", false, 1, "optimizer { lbfgs { max_iterations: 4 } }");
}

// The Fashion-MNIST network at batch 64 and at a shorter last batch.
void CountSteps(const std::string& what, int threads) {
  const RunConfig config = ParseRun(
      "model { name: \"wide\" input { name: \"x\" shape: 784 }"
      " input { name: \"label\" type: INT32 }"
      " layer { name: \"h1\" input: \"x\" dense { units: 256 activation: RELU } }"
      " layer { name: \"h2\" dense { units: 128 activation: GELU } }"
      " layer { name: \"drop\" dropout { rate: 0.1 } }"
      " layer { name: \"logits\" dense { units: 10 } }"
      " loss { sparse_categorical_crossentropy { prediction: \"logits\" label: \"label\""
      "   from_logits: true } }"
      " metric { name: \"accuracy\" sparse_categorical_accuracy { prediction: \"logits\""
      "   label: \"label\" } } }"
      " optimizer { adam { amsgrad: true } }");
  ThreadPool pool(threads);
  StepOptions options;
  options.pool = &pool;
  Diagnostics diagnostics;
  auto step = TrainStep::Create(config.model(), config.optimizer(), options, &diagnostics);
  ASSERT_TRUE(step.ok()) << step.status();
  auto state = (*step)->NewState();
  ASSERT_TRUE(state.ok()) << state.status();
  const std::vector<float> x(64 * 784, 0.5f);
  const std::vector<int32_t> label(64, 3);
  const void* const inputs[] = {x.data(), label.data()};
  StepReport report;
  AllocationCounter::Reset();
  for (int i = 0; i < 6; ++i) {
    AllocationCounter::Count(i >= 2);
    const absl::Status status = (*step)->Run(inputs, i % 2 == 0 ? 64 : 24, &*state, &report);
    AllocationCounter::Count(false);
    ASSERT_TRUE(status.ok()) << status;
  }
  ExpectNoneOfOurs(what);
}

TEST(AllocationTest, NoStepOfAWideModelAfterTheFirstOfItsSizeAllocates) {
  if (!AllocationCounter::kCounts) GTEST_SKIP() << AllocationCounter::kWhyNot;
  CountSteps("four_wide_steps_one_thread", 1);
  CountSteps("four_wide_steps_two_threads", 2);
}

TEST(AllocationTest, TheCounterCounts) {
  if (!AllocationCounter::kCounts) GTEST_SKIP() << AllocationCounter::kWhyNot;
  AllocationCounter::Reset();
  AllocationCounter::Count(true);
  std::vector<int>* made = new std::vector<int>(1000);
  void* const memory = std::malloc(10);
  asm volatile("" : : "r"(made), "r"(memory) : "memory");  // They are looked at: nothing is elided.
  AllocationCounter::Count(false);
  EXPECT_EQ(AllocationCounter::ours(), 3);
  std::free(memory);
  delete made;
}

}  // namespace
}  // namespace gradus
