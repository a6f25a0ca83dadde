// What training a model takes: memory by what it is for, counted; and time, measured by training a few
// updates of the real data and going no further.

#ifndef GRADUS_API_ESTIMATE_H_
#define GRADUS_API_ESTIMATE_H_

#include <cstdint>
#include <string>

#include "gradus/api/trainer.h"

namespace gradus {

struct TrainingEstimate {
  // Bytes.
  int64_t weights = 0;  // With states, and the average that is evaluated where there is one.
  int64_t gradients = 0;
  int64_t optimizer = 0;    // What its rules remember.
  int64_t activations = 0;  // Arena and scratch of a step at the batch size, all threads.
  int64_t data = 0;         // Examples that lie in memory, as the model takes them.
  int64_t total() const { return weights + gradients + optimizer + activations + data; }

  // Seconds; NaN where it was not measured, for the reason that `not_measured` gives.
  double update = 0;      // The median of those measured, data included.
  double validation = 0;  // Of all validation examples.
  double epoch = 0;       // All updates and one validation.
  int64_t updates_per_epoch = 0;
  int64_t measured_updates = 0;
  std::string not_measured;
};

// Counts. Times are NaN.
TrainingEstimate EstimateMemory(const Trainer& trainer);

// Trains for about so many seconds, three updates at least, and fills in the times. The trainer is spent
// afterwards: its weights have moved.
void MeasureTime(double seconds, Trainer* trainer, TrainingEstimate* estimate);

// "weights 1.2 MiB" and so on, lined up, and the times.
std::string ToText(const TrainingEstimate& estimate, int64_t batch_size);

// "1.2 MiB"
std::string BytesInWords(double bytes);

}  // namespace gradus

#endif  // GRADUS_API_ESTIMATE_H_
