// Batches of a dataset in the order of a run, prepared ahead on a thread of their own.
//
// The order of an epoch is a function of (shuffle seed, epoch) alone, so a stream that starts at
// any position gives the batches that one from the beginning gives there. Batches live in a ring of
// prefetch + 1 slots and are filled in place: after the first round nothing is allocated.
//
//   GRADUS_ASSIGN_OR_RETURN(auto stream, BatchStream::Create(dataset, TrainingBatches(config)));
//   for (;;) {
//     GRADUS_ASSIGN_OR_RETURN(const Batch* batch, stream->Next());
//     if (batch == nullptr) break;  // Only with an end_epoch.
//   }

#ifndef GRADUS_DATA_BATCH_STREAM_H_
#define GRADUS_DATA_BATCH_STREAM_H_

#include <cstdint>
#include <limits>
#include <memory>

#include "absl/status/statusor.h"
#include "gradus/data.pb.h"
#include "gradus/data/dataset.h"

namespace gradus {

struct BatchOptions {
  int64_t batch_size = 32;
  bool shuffle = false;  // Else in the dataset's order.
  uint64_t shuffle_seed = 0;
  int prefetch = 0;  // Batches prepared ahead; 0 starts no thread and prepares each in Next().
  int64_t end_epoch =
      std::numeric_limits<int64_t>::max();  // The first epoch that is not given any more.
};

// What a configuration asks for in training, where the examples of an update come in one piece; for one pass of evaluation: file order, end_epoch 1.
BatchOptions TrainingBatches(const DataConfig& config, int64_t batches_per_update = 1);
BatchOptions EvaluationBatches(const DataConfig& config);

// A batch of at most so many bytes from a dataset in memory is prepared in Next() whatever
// `prefetch` says: handing it from thread to thread would take longer.
constexpr int64_t kMostInlineBytes = 32 << 10;

// Thread safety: used by one thread at a time.
class BatchStream {
 public:
  // Starts at `start`; an error when the dataset is empty or the position is not in it.
  static absl::StatusOr<std::unique_ptr<BatchStream>> Create(std::shared_ptr<const Dataset> dataset,
                                                             const BatchOptions& options,
                                                             DataPosition start = {});
  ~BatchStream();  // Waits at most for the batch that is being read.
  BatchStream(const BatchStream&) = delete;
  BatchStream& operator=(const BatchStream&) = delete;

  // The next batch, valid (its tensors' contents, too) until the next call of Next or Seek; null
  // when end_epoch is reached. The last batch of an epoch holds the rows that are left. An error of
  // the dataset is given at the batch it belongs to, and again until Seek.
  absl::StatusOr<const Batch*> Next();

  // Goes on from there.
  absl::Status Seek(DataPosition position);

  // Where the batch that Next will give begins: what a checkpoint keeps.
  DataPosition position() const;

  const Dataset& dataset() const;
  int64_t batches_per_epoch() const;  // Of a whole epoch.

 private:
  struct Impl;
  explicit BatchStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gradus

#endif  // GRADUS_DATA_BATCH_STREAM_H_
