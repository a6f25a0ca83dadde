// Threads take blocks under one lock and append in turn under another.

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

class Reader {
 public:
  Reader(const CsvJob& job, CsvBlocks* blocks)
      : job_(job), plan_(job.dialect, job.columns, job.selections), blocks_(blocks) {
    line_ = job.first_line;
  }

  absl::StatusOr<CsvTable> Read(int threads);

 private:
  // What a thread has of its own.
  struct Worker {
    explicit Worker(const CsvPlan& plan) : rows(plan) {}
    CsvBlock block;
    CsvRows rows;
    bool parsed = false;
  };
  // All values of a selection.
  struct Field {
    GrowingMemory values;
    std::vector<TextCodes> texts;
  };

  void Work(Worker* worker);  // Until there is nothing left to do. Throws nothing.
  absl::Status Take(Worker* worker);
  absl::Status Parse(Worker* worker);
  absl::Status Append(Worker* worker);
  absl::Status Failed(const absl::Status& status) const {
    return absl::Status(status.code(), absl::StrCat(job_.name, ": ", status.message()));
  }

  const CsvJob& job_;
  const CsvPlan plan_;

  std::mutex taking_;  // Of blocks, in their order.
  CsvBlocks* const blocks_;
  int64_t taken_ = 0;
  bool nothing_left_ = false;

  std::mutex appending_;  // In the same order.
  std::condition_variable turn_came_;
  int64_t appended_ = 0;
  absl::Status status_;  // An error ends everything.
  std::vector<Field> fields_;
  CsvLines lines_;
  int64_t line_ = 1;
  std::vector<int32_t> codes_;
};

absl::Status Reader::Take(Worker* worker) try {
  return blocks_->Next(&worker->block);
} catch (...) {
  return StatusOfException(job_.name);
}

absl::Status Reader::Parse(Worker* worker) try {
  worker->parsed = worker->rows.Parse(worker->block);
  return absl::OkStatus();
} catch (...) {
  return StatusOfException(job_.name);
}

absl::Status Reader::Append(Worker* worker) try {
  CsvRows& rows = worker->rows;
  if (!worker->parsed) {
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

void Reader::Work(Worker* worker) {
  for (;;) {
    absl::Status status;
    int64_t turn = 0;
    {
      std::lock_guard<std::mutex> lock(taking_);
      if (nothing_left_) return;
      turn = taken_++;
      status = Take(worker);
      nothing_left_ = !status.ok() || worker->block.last();
    }
    if (status.ok()) status = Parse(worker);
    {
      std::unique_lock<std::mutex> lock(appending_);
      turn_came_.wait(lock, [&] { return appended_ == turn || !status_.ok(); });
      if (!status_.ok()) return;
      if (status.ok()) status = Append(worker);
      ++appended_;
      status_ = status;
      turn_came_.notify_all();
    }
    if (status.ok()) continue;
    std::lock_guard<std::mutex> lock(taking_);
    nothing_left_ = true;
    return;
  }
}

absl::StatusOr<CsvTable> Reader::Read(int threads) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < threads; ++i) workers.push_back(std::make_unique<Worker>(plan_));
  for (const CsvSelection& selection : job_.selections) {
    absl::StatusOr<GrowingMemory> values = GrowingMemory::Create(job_.dialect.on_disk);
    if (!values.ok()) return Failed(values.status());
    fields_.push_back({*std::move(values), {}});
    if (selection.text) fields_.back().texts.resize(selection.columns.size());
  }
  auto work = [&](int i) { Work(workers[i].get()); };
  ThreadPool(threads).Run(threads, work);
  GRADUS_RETURN_IF_ERROR(status_);

  CsvTable table;
  table.texts.resize(fields_.size());
  for (size_t s = 0; s < fields_.size(); ++s) {
    absl::StatusOr<std::shared_ptr<void>> values = fields_[s].values.Finish();
    if (!values.ok()) return Failed(values.status());
    const DType dtype =
        workers[0]->rows.is_real(static_cast<int>(s)) ? DType::kFloat64 : DType::kInt32;
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
