// Files through pread(2) and zlib's inflate. Members of a gzip file that follow each other are one
// content (RFC 1952, 2.2).

#include "gradus/data/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr int64_t kMostUnpacked = int64_t{1} << 30;
constexpr int64_t kMostRatio = 100;
constexpr int64_t kChunk = 64 << 10;

absl::Status FileError(const std::string& path, int error) {
  const std::string message = absl::StrCat(path, ": ", std::strerror(error));
  return error == ENOENT ? absl::NotFoundError(message) : absl::InvalidArgumentError(message);
}

}  // namespace

// Where the bytes are: an open file, or memory.
struct InputFile::Origin {
  int descriptor = -1;
  std::string bytes;
  int64_t size = 0;

  Origin() = default;
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;
  ~Origin() {
    if (descriptor >= 0) close(descriptor);
  }
};

struct InputFile::Inflater {
  z_stream stream = {};
  std::vector<unsigned char> packed = std::vector<unsigned char>(kChunk);
  bool at_member_end = false;
  bool done = false;

  ~Inflater() { inflateEnd(&stream); }
};

InputFile::InputFile() = default;
InputFile::~InputFile() = default;

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::Open(const std::string& path) {
  struct stat status;
  // Before the file is opened: opening a pipe waits for its writer.
  if (stat(path.c_str(), &status) != 0) return FileError(path, errno);
  if (S_ISDIR(status.st_mode)) return FileError(path, EISDIR);
  if (!S_ISREG(status.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  }
  auto origin = std::make_shared<Origin>();
  origin->descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (origin->descriptor < 0) return FileError(path, errno);
  origin->size = status.st_size;
  return Start(path, std::move(origin));
}

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::OfBytes(std::string name, std::string bytes) {
  auto origin = std::make_shared<Origin>();
  origin->size = static_cast<int64_t>(bytes.size());
  origin->bytes = std::move(bytes);
  return Start(std::move(name), std::move(origin));
}

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::Again() const {
  return Start(path_, origin_);
}

absl::StatusOr<std::unique_ptr<InputFile>> InputFile::Start(std::string path,
                                                            std::shared_ptr<const Origin> origin) {
  std::unique_ptr<InputFile> file(new InputFile);
  file->path_ = std::move(path);
  file->origin_ = std::move(origin);
  unsigned char magic[2] = {};
  GRADUS_ASSIGN_OR_RETURN(const int64_t got, file->ReadPlain(magic, 2));
  file->at_ = 0;
  file->compressed_ = got == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
  file->most_bytes_ = file->origin_->size;
  if (file->compressed_) {
    file->most_bytes_ = std::max<int64_t>(kMostUnpacked, kMostRatio * file->origin_->size);
    file->inflater_ = std::make_unique<Inflater>();
    if (inflateInit2(&file->inflater_->stream, 15 + 16) != Z_OK) {  // 16: with a gzip header.
      return absl::ResourceExhaustedError(absl::StrCat(file->path_, ": cannot start to unpack"));
    }
  }
  return file;
}

absl::StatusOr<int64_t> InputFile::ReadPlain(void* to, int64_t bytes) {
  if (origin_->descriptor < 0) {
    const int64_t got = std::min(bytes, origin_->size - at_);
    if (got > 0) std::memcpy(to, origin_->bytes.data() + at_, got);
    at_ += got;
    return got;
  }
  int64_t done = 0;
  while (done < bytes) {
    const ssize_t got =
        pread(origin_->descriptor, static_cast<char*>(to) + done, bytes - done, at_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError(path_, errno);
    if (got == 0) break;
    done += got;
    at_ += got;
  }
  return done;
}

absl::StatusOr<int64_t> InputFile::ReadCompressed(void* to, int64_t bytes) {
  Inflater& inflater = *inflater_;
  z_stream& stream = inflater.stream;
  int64_t done = 0;
  while (done < bytes && !inflater.done) {
    if (stream.avail_in == 0) {
      GRADUS_ASSIGN_OR_RETURN(const int64_t got, ReadPlain(inflater.packed.data(), kChunk));
      stream.next_in = inflater.packed.data();
      stream.avail_in = static_cast<uInt>(got);
      if (got == 0) {
        if (!inflater.at_member_end) {
          return absl::InvalidArgumentError(absl::StrCat(path_, ": the gzip data end too early"));
        }
        inflater.done = true;
        break;
      }
    }
    if (inflater.at_member_end) {
      inflater.at_member_end = false;
      inflateReset(&stream);
    }
    const uInt room = static_cast<uInt>(std::min<int64_t>(bytes - done, 1 << 30));
    stream.next_out = static_cast<unsigned char*>(to) + done;
    stream.avail_out = room;
    const int result = inflate(&stream, Z_NO_FLUSH);
    done += room - stream.avail_out;
    if (result == Z_STREAM_END) {
      inflater.at_member_end = true;
    } else if (result == Z_MEM_ERROR) {
      return absl::ResourceExhaustedError(absl::StrCat(path_, ": no memory to unpack"));
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return absl::InvalidArgumentError(
          absl::StrCat(path_, ": the gzip data are damaged (",
                       stream.msg == nullptr ? "unknown error" : stream.msg, ")"));
    }
  }
  return done;
}

absl::StatusOr<int64_t> InputFile::Read(void* to, int64_t bytes) {
  if (!compressed_) return ReadPlain(to, bytes);
  GRADUS_ASSIGN_OR_RETURN(const int64_t got, ReadCompressed(to, bytes));
  bytes_read_ += got;
  if (bytes_read_ > most_bytes_) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path_, ": unpacks to more than ", most_bytes_, " bytes; unpack it first"));
  }
  return got;
}

absl::StatusOr<std::string> InputFile::ReadAll() {
  std::string text;
  int64_t length = 0;
  try {
    // One byte more than expected, so that the end is seen in the same round.
    int64_t room = compressed_ ? 4 * kChunk : most_bytes_ + 1;
    for (;;) {
      text.resize(static_cast<size_t>(length + room));
      GRADUS_ASSIGN_OR_RETURN(const int64_t got, Read(&text[length], room));
      length += got;
      if (got < room) break;
      room = std::max(length, kChunk);
    }
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError(absl::StrCat(path_, ": does not fit into memory"));
  }
  text.resize(static_cast<size_t>(length));
  return text;
}

}  // namespace gradus
