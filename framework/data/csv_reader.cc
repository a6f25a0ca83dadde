// Threads take blocks under one lock and put what they parsed into a queue; who finds the next block of the order in it appends, and
// everybody else goes on. So a thread that the system has put aside holds up nobody, as long as there is a free part of the pool.

#include "gradus/data/csv_reader.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/base/thread_pool.h"
#include "gradus/data/csv_rows.h"
#include "gradus/data/growing_memory.h"
#include "gradus/data/text_codes.h"

namespace gradus {
namespace {

constexpr int kMostThreads = 8;
constexpr int kPartsOfAThread = 3;

class Reader {
 public:
  Reader(const CsvJob& job, CsvBlocks* blocks)
      : job_(job), plan_(job.dialect, job.columns, job.selections), blocks_(blocks) {
    line_ = job.first_line;
  }

  absl::StatusOr<CsvTable> Read(int threads);

 private:
  // A block and what has become of it.
  struct Part {
    explicit Part(const CsvPlan& plan) : rows(plan) {}
    CsvBlock block;
    CsvRows rows;
    bool parsed = false;
    int64_t turn = 0;
    absl::Status status;
  };
  // All values of a selection.
  struct Field {
    GrowingMemory values;
    std::vector<TextCodes> texts;
  };

  void Work();  // Until there is nothing left to do. Throws nothing.
  Part* FreePart();
  void Queue(Part* part);
  absl::Status Take(Part* part);
  absl::Status Parse(Part* part);
  absl::Status Append(Part* part);
  absl::Status Failed(const absl::Status& status) const {
    return absl::Status(status.code(), absl::StrCat(job_.name, ": ", status.message()));
  }

  const CsvJob& job_;
  const CsvPlan plan_;

  std::mutex taking_;  // Of blocks, in their order.
  CsvBlocks* const blocks_;
  int64_t taken_ = 0;
  bool nothing_left_ = false;

  std::mutex queue_;
  std::condition_variable part_is_free_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::vector<Part*> free_;
  std::vector<Part*> parsed_;  // In any order.
  int64_t appended_ = 0;
  bool appending_ = false;
  absl::Status status_;  // An error ends everything.

  // Of the thread that appends.
  std::vector<Field> fields_;
  CsvLines lines_;
  int64_t line_ = 1;
  std::vector<int32_t> codes_;
};

absl::Status Reader::Take(Part* part) try { return blocks_->Next(&part->block); } catch (...) {
  return StatusOfException(job_.name);
}

absl::Status Reader::Parse(Part* part) try {
  part->parsed = part->rows.Parse(part->block);
  return absl::OkStatus();
} catch (...) {
  return StatusOfException(job_.name);
}

absl::Status Reader::Append(Part* part) try {
  CsvRows& rows = part->rows;
  if (!part->parsed) {
    const CsvProblem& problem = rows.problem();
    return absl::InvalidArgumentError(absl::StrCat(job_.name, ":", line_ + problem.line, ":",
                                                   problem.column, ": ", problem.message));
  }
  for (size_t s = 0; s < fields_.size(); ++s) {
    Field& field = fields_[s];
    const int selection = static_cast<int>(s);
    const size_t columns = job_.selections[s].columns.size();
    const size_t numbers = static_cast<size_t>(rows.size()) * columns;
    // A block numbers its texts by itself.
    for (size_t k = 0; k < field.texts.size(); ++k) {
      codes_.clear();
      for (const std::string& text : rows.texts(selection, static_cast<int>(k)).texts()) {
        codes_.push_back(field.texts[k].Code(text));
      }
      std::vector<int32_t>& integers = rows.integers(selection);
      for (size_t i = k; i < numbers; i += columns) {
        if (integers[i] >= 0) integers[i] = codes_[integers[i]];
      }
    }
    const absl::Status status =
        rows.is_real(selection)
            ? field.values.Append(rows.reals(selection).data(), numbers * sizeof(double))
            : field.values.Append(rows.integers(selection).data(), numbers * sizeof(int32_t));
    if (!status.ok()) return Failed(status);
  }
  lines_.Add(rows.lines(), line_);
  line_ += rows.line_count();
  return absl::OkStatus();
} catch (...) {
  return StatusOfException(job_.name);
}

// Null when everything has ended.
Reader::Part* Reader::FreePart() {
  std::unique_lock<std::mutex> lock(queue_);
  part_is_free_.wait(lock, [this] { return !free_.empty() || !status_.ok(); });
  if (!status_.ok()) return nullptr;
  Part* part = free_.back();
  free_.pop_back();
  return part;
}

// Appends it when its turn has come, and those that have waited for it.
void Reader::Queue(Part* part) {
  std::unique_lock<std::mutex> lock(queue_);
  parsed_.push_back(part);
  if (appending_) return;
  for (;;) {
    const auto next = std::find_if(parsed_.begin(), parsed_.end(),
                                   [this](const Part* p) { return p->turn == appended_; });
    if (next == parsed_.end() || !status_.ok()) return;
    part = *next;
    parsed_.erase(next);
    appending_ = true;
    lock.unlock();
    const absl::Status status = part->status.ok() ? Append(part) : part->status;
    lock.lock();
    appending_ = false;
    ++appended_;
    status_ = status;
    free_.push_back(part);
    if (status.ok()) {
      part_is_free_.notify_one();
    } else {
      part_is_free_.notify_all();
    }
  }
}

void Reader::Work() {
  while (Part* const part = FreePart()) {
    bool taken = false;
    {
      std::lock_guard<std::mutex> lock(taking_);
      if (!nothing_left_) {
        taken = true;
        part->turn = taken_++;
        part->status = Take(part);
        nothing_left_ = !part->status.ok() || part->block.last();
      }
    }
    if (!taken) {
      std::lock_guard<std::mutex> lock(queue_);
      free_.push_back(part);
      part_is_free_.notify_one();
      return;
    }
    if (part->status.ok()) part->status = Parse(part);
    Queue(part);
  }
}

absl::StatusOr<CsvTable> Reader::Read(int threads) {
  const int part_count = threads == 1 ? 1 : kPartsOfAThread * threads;
  for (int i = 0; i < part_count; ++i) {
    parts_.push_back(std::make_unique<Part>(plan_));
    free_.push_back(parts_.back().get());
  }
  parsed_.reserve(parts_.size());
  for (const CsvSelection& selection : job_.selections) {
    absl::StatusOr<GrowingMemory> values = GrowingMemory::Create(job_.dialect.on_disk);
    if (!values.ok()) return Failed(values.status());
    fields_.push_back({*std::move(values), {}});
    if (selection.text) fields_.back().texts.resize(selection.columns.size());
  }
  auto work = [this](int) { Work(); };
  ThreadPool(threads).Run(threads, work);
  GRADUS_RETURN_IF_ERROR(status_);

  CsvTable table;
  table.texts.resize(fields_.size());
  for (size_t s = 0; s < fields_.size(); ++s) {
    absl::StatusOr<std::shared_ptr<void>> values = fields_[s].values.Finish();
    if (!values.ok()) return Failed(values.status());
    const DType dtype =
        parts_[0]->rows.is_real(static_cast<int>(s)) ? DType::kFloat64 : DType::kInt32;
    const int64_t columns = static_cast<int64_t>(job_.selections[s].columns.size());
    GRADUS_ASSIGN_OR_RETURN(Tensor tensor,
                            Tensor::Over(*std::move(values), dtype, {lines_.size(), columns}));
    table.fields.push_back(std::move(tensor));
    for (TextCodes& texts : fields_[s].texts) table.texts[s].push_back(texts.TakeTexts());
  }
  table.lines = std::move(lines_);
  return table;
}

}  // namespace

absl::StatusOr<CsvTable> ReadCsvRows(const CsvJob& job, int threads, CsvBlocks* blocks) {
  if (threads == 0) threads = std::min(AvailableCores(), kMostThreads);
  return Reader(job, blocks).Read(std::max(1, threads));
}

}  // namespace gradus
