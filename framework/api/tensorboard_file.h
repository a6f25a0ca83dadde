// Event files, which TensorBoard reads: `tensorboard --logdir RUN` or a folder of runs. One file for
// each split and process, so that training and validation are curves in the same chart:
//
//   RUN/tensorboard/train/events.out.tfevents.<second>.<host>.<process>
//   RUN/tensorboard/validation/events.out.tfevents...
//
// with the tags loss, learning_rate and each metric by epochs, batch/loss, ... by updates, and the
// configuration as a text. Steps are updates. A run that goes on writes new files and leaves out of
// the old ones what came after the update that it goes on from, so that no step is there twice.
//
// A file is a list of records of proto/event.proto:
//
//   length (8 bytes)  masked CRC-32C of those (4)  bytes  masked CRC-32C of those (4)   little-endian

#ifndef GRADUS_API_TENSORBOARD_FILE_H_
#define GRADUS_API_TENSORBOARD_FILE_H_

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/event.pb.h"
#include "gradus/train/train_loop.h"

namespace gradus {

// CRC-32C (Castagnoli), as RFC 3720 has it.
uint32_t Crc32c(absl::string_view bytes);
// A record around an event's bytes.
std::string EventRecord(absl::string_view bytes);
// The events of a file up to its end or to the first record that is damaged or not whole yet;
// `whole` becomes the number of bytes up to there.
absl::StatusOr<std::vector<tensorboard::Event>> ReadEventFile(const std::string& path,
                                                              size_t* whole = nullptr);

class TensorBoardFiles final : public TrainObserver {
 public:
  // `folder` is RUN/tensorboard; `config` the configuration's text, shown for a run that begins.
  static absl::StatusOr<std::unique_ptr<TensorBoardFiles>> Open(const std::string& folder,
                                                                int64_t resumed_step,
                                                                const std::string& config);

  absl::Status OnLine(const MetricLine& line) override;
  absl::Status BeforeCheckpoint() override;

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Closer>;

  explicit TensorBoardFiles(std::string folder) : folder_(std::move(folder)) {}
  // Of a split, made when it is first needed.
  absl::StatusOr<std::FILE*> FileOf(const std::string& split);
  absl::Status Append(const std::string& split, tensorboard::Event event);

  const std::string folder_;
  std::map<std::string, File> files_;
};

}  // namespace gradus

#endif  // GRADUS_API_TENSORBOARD_FILE_H_
