// A ring of batches between one producer and one consumer. The consumer holds the slot it was given
// until its next call; the producer sleeps when the ring is full and is woken when half of it is
// free, so that a fast consumer does not pay for a wake-up per batch.

#include "gradus/data/batch_stream.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>
#include <numeric>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "gradus/base/random.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// A batch and where it is written: one set of buffers for full batches, one for the shorter batch
// of an epoch's end.
struct Slot {
  Batch batch;
  std::vector<Tensor> full;
  std::vector<Tensor> rest;
  absl::Status status;
};

absl::Status MakeRoom(absl::Span<const FieldSpec> fields, int64_t rows, std::vector<Tensor>* room) {
  if (!room->empty() && room->front().rows() == rows) return absl::OkStatus();
  room->clear();
  for (const FieldSpec& field : fields) {
    std::vector<int64_t> dims = {rows};
    dims.insert(dims.end(), field.dims.begin(), field.dims.end());
    GRADUS_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Create(field.dtype, std::move(dims)));
    room->push_back(std::move(tensor));
  }
  return absl::OkStatus();
}

}  // namespace

struct BatchStream::Impl {
  std::shared_ptr<const Dataset> dataset;
  BatchOptions options;
  int64_t size = 0;
  int ahead = 0;  // Batches prepared ahead; 0: no thread.

  // What makes batches; used by one thread at a time, the producer while there is one.
  DataPosition next;           // The batch to be made.
  std::vector<int64_t> order;  // Of the epoch `order_epoch`.
  int64_t order_epoch = -1;
  std::vector<void*> destinations;

  // The ring. Slots first .. first + filled - 1 are ready; the slot before `first` is with the
  // consumer.
  std::vector<Slot> slots;
  std::mutex mutex;
  std::condition_variable produced, consumed;
  int first = 0;
  int filled = 0;
  bool producer_waits = false;
  bool stop = false;

  // The consumer's own.
  std::thread producer;
  DataPosition position;
  absl::Status failed;

  ~Impl() { Stop(); }

  bool AtEnd(const DataPosition& at) const { return at.epoch >= options.end_epoch; }
  void Order(int64_t epoch);
  absl::Status Make(Slot* slot);
  void Produce();
  absl::Status Start();
  void Stop();
  absl::StatusOr<const Batch*> Give(Slot* slot);
};

void BatchStream::Impl::Order(int64_t epoch) {
  if (order_epoch == epoch || (!options.shuffle && order_epoch >= 0)) return;
  order.resize(static_cast<size_t>(size));
  if (options.shuffle) {
    RandomPermutation(absl::MakeSpan(order), options.shuffle_seed, static_cast<uint64_t>(epoch));
  } else {
    std::iota(order.begin(), order.end(), 0);
  }
  order_epoch = epoch;
}

// Makes the batch at `next` and advances it; after an error `next` stays. Nothing is thrown: it runs
// on the producer's thread.
absl::Status BatchStream::Impl::Make(Slot* slot) try {
  Order(next.epoch);
  const int64_t rows = std::min(options.batch_size, size - next.offset);
  std::vector<Tensor>* room = rows == options.batch_size ? &slot->full : &slot->rest;
  GRADUS_RETURN_IF_ERROR(MakeRoom(dataset->fields(), rows, room));
  Batch& batch = slot->batch;
  batch.fields = *room;  // Shares the buffers.
  for (size_t i = 0; i < room->size(); ++i) destinations[i] = (*room)[i].mutable_raw();
  GRADUS_RETURN_IF_ERROR(
      dataset->Read(absl::MakeConstSpan(order).subspan(static_cast<size_t>(next.offset),
                                                       static_cast<size_t>(rows)),
                    destinations));
  batch.rows = rows;
  batch.begin = next;
  next.offset += rows;
  if (next.offset == size) next = {next.epoch + 1, 0};
  batch.next = next;
  return absl::OkStatus();
} catch (...) {
  return StatusOfException("making a batch");
}

void BatchStream::Impl::Produce() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!stop && !AtEnd(next)) {
    if (filled == ahead) {
      producer_waits = true;
      consumed.wait(lock, [this] { return stop || filled <= ahead / 2; });
      producer_waits = false;
      continue;
    }
    Slot* slot = &slots[(first + filled) % slots.size()];
    lock.unlock();
    slot->status = Make(slot);
    lock.lock();
    ++filled;
    produced.notify_one();
    if (!slot->status.ok()) return;
  }
}

absl::Status BatchStream::Impl::Start() {
  // The host's signals are for the host's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  absl::Status status;
  try {
    producer = std::thread([this] { Produce(); });
  } catch (const std::system_error& e) {
    status = absl::ResourceExhaustedError(absl::StrCat("cannot start a thread: ", e.what()));
  } catch (const std::bad_alloc&) {
    status = absl::ResourceExhaustedError("no memory for a thread");
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

void BatchStream::Impl::Stop() {
  if (!producer.joinable()) return;
  {
    std::lock_guard<std::mutex> lock(mutex);
    stop = true;
  }
  consumed.notify_one();
  producer.join();
  stop = false;
  filled = 0;
}

absl::StatusOr<const Batch*> BatchStream::Impl::Give(Slot* slot) {
  if (!slot->status.ok()) {
    failed = slot->status;
    return failed;
  }
  position = slot->batch.next;
  return &slot->batch;
}

BatchStream::BatchStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BatchStream::~BatchStream() = default;

absl::StatusOr<std::unique_ptr<BatchStream>> BatchStream::Create(
    std::shared_ptr<const Dataset> dataset, const BatchOptions& options, DataPosition start) try {
  if (dataset == nullptr) return absl::InvalidArgumentError("there is no dataset");
  if (dataset->size() < 1) return absl::InvalidArgumentError("the dataset has no examples");
  if (options.batch_size < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("batch size ", options.batch_size, " is not positive"));
  }
  if (options.prefetch < 0) {
    return absl::InvalidArgumentError(absl::StrCat("prefetch ", options.prefetch, " is negative"));
  }
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->size = dataset->size();
  int64_t row_bytes = 0;
  for (const FieldSpec& field : dataset->fields()) {
    row_bytes += field.elements() * ByteSize(field.dtype);
  }
  const int64_t rows = std::min(options.batch_size, impl->size);
  const bool small =
      dataset->in_memory() && rows <= kMostInlineBytes / std::max<int64_t>(row_bytes, 1);
  impl->ahead = small ? 0 : options.prefetch;
  impl->slots.resize(static_cast<size_t>(impl->ahead) + 1);
  impl->destinations.resize(dataset->fields().size());
  impl->dataset = std::move(dataset);
  std::unique_ptr<BatchStream> stream(new BatchStream(std::move(impl)));
  GRADUS_RETURN_IF_ERROR(stream->Seek(start));
  return stream;
} catch (...) {
  return StatusOfException("making a stream of batches");
}

absl::Status BatchStream::Seek(DataPosition position) {
  Impl& impl = *impl_;
  if (position.epoch < 0 || position.offset < 0 || position.offset >= impl.size) {
    return absl::InvalidArgumentError(absl::StrCat("position (epoch ", position.epoch, ", offset ",
                                                   position.offset, ") is not in a dataset of ",
                                                   impl.size));
  }
  impl.Stop();
  impl.position = impl.next = position;
  impl.failed = absl::OkStatus();
  return absl::OkStatus();
}

absl::StatusOr<const Batch*> BatchStream::Next() {
  Impl& impl = *impl_;
  if (!impl.failed.ok()) return impl.failed;
  if (impl.AtEnd(impl.position)) return nullptr;
  if (impl.ahead == 0) {
    Slot* slot = &impl.slots[0];
    slot->status = impl.Make(slot);
    return impl.Give(slot);
  }
  // The thread starts with the first batch, not with the stream: a Seek before it costs nothing.
  if (!impl.producer.joinable()) GRADUS_RETURN_IF_ERROR(impl.Start());
  std::unique_lock<std::mutex> lock(impl.mutex);
  impl.produced.wait(lock, [&impl] { return impl.filled > 0; });
  Slot* slot = &impl.slots[impl.first];
  impl.first = (impl.first + 1) % static_cast<int>(impl.slots.size());
  --impl.filled;
  const bool wake = impl.producer_waits && impl.filled <= impl.ahead / 2;
  lock.unlock();
  if (wake) impl.consumed.notify_one();
  return impl.Give(slot);
}

DataPosition BatchStream::position() const { return impl_->position; }
const Dataset& BatchStream::dataset() const { return *impl_->dataset; }

int64_t BatchStream::batches_per_epoch() const {
  return (impl_->size - 1) / impl_->options.batch_size + 1;
}

BatchOptions TrainingBatches(const DataConfig& config, int64_t batches_per_update) {
  BatchOptions options;
  options.batch_size = config.batch_size() * batches_per_update;
  options.shuffle = config.order() == DataConfig::SHUFFLED;
  options.shuffle_seed = static_cast<uint64_t>(config.shuffle_seed());
  options.prefetch = config.prefetch();
  return options;
}

BatchOptions EvaluationBatches(const DataConfig& config) {
  BatchOptions options;
  options.batch_size = config.batch_size();
  options.prefetch = config.prefetch();
  options.end_epoch = 1;
  return options;
}

}  // namespace gradus
