// libpng, whose errors are jumps: what stands between setjmp and a jump has no destructors.

#include "framework/readers/png_image.h"

#include <png.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr int64_t kMostFileBytes = int64_t{1} << 28;
constexpr uint64_t kMostImageBytes = uint64_t{1} << 28;

struct Decoding {
  const char* bytes = nullptr;
  size_t left = 0;
  char message[160] = "";
  png_structp png = nullptr;
  png_infop info = nullptr;

  ~Decoding() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void OnError(png_structp png, png_const_charp message) {
  Decoding* decoding = static_cast<Decoding*>(png_get_error_ptr(png));
  std::snprintf(decoding->message, sizeof(decoding->message), "%s", message);
  png_longjmp(png, 1);
}
void OnWarning(png_structp, png_const_charp) {}

void OnRead(png_structp png, png_bytep to, size_t count) {
  Decoding* decoding = static_cast<Decoding*>(png_get_io_ptr(png));
  if (count > decoding->left) png_error(png, "the file ends inside the image");
  std::memcpy(to, decoding->bytes, count);
  decoding->bytes += count;
  decoding->left -= count;
}

// Reads what comes before the pixels, and asks for them in the form that is wanted.
bool Begin(Decoding* decoding, int* channels) {
  png_structp png = decoding->png;
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_user_limits(png, 1 << 20, 1 << 20);
  png_set_read_fn(png, decoding, OnRead);
  png_read_info(png, decoding->info);
  const bool transparent = png_get_valid(png, decoding->info, PNG_INFO_tRNS) != 0;
  const int type = png_get_color_type(png, decoding->info);
  const bool opacity = (type & PNG_COLOR_MASK_ALPHA) != 0 || transparent;
  const bool colour = (type & PNG_COLOR_MASK_COLOR) != 0;
  if (*channels == 0) *channels = opacity ? 4 : colour ? 3 : 1;
  png_set_expand(png);
  png_set_scale_16(png);
  if (*channels == 1 && colour) png_set_rgb_to_gray_fixed(png, 1, -1, -1);
  if (*channels >= 3 && !colour) png_set_gray_to_rgb(png);
  if (*channels < 4 && opacity) png_set_strip_alpha(png);
  if (*channels == 4 && !opacity) png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
  png_set_interlace_handling(png);
  png_read_update_info(png, decoding->info);
  return true;
}

bool ReadRows(Decoding* decoding, png_bytep* rows) {
  if (setjmp(png_jmpbuf(decoding->png)) != 0) return false;
  png_read_image(decoding->png, rows);
  png_read_end(decoding->png, nullptr);
  return true;
}

}  // namespace

absl::StatusOr<PngImage> ReadPng(const std::string& path, int channels) {
  GRADUS_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMostFileBytes));
  const auto error = [&path](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
  };
  if (bytes.size() < 8 || png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes.data()), 0, 8) != 0) {
    return error("is not a PNG image");
  }
  Decoding decoding;
  decoding.bytes = bytes.data();
  decoding.left = bytes.size();
  decoding.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoding, OnError, OnWarning);
  if (decoding.png != nullptr) decoding.info = png_create_info_struct(decoding.png);
  if (decoding.info == nullptr) return absl::ResourceExhaustedError(path + ": no memory");
  PngImage image;
  image.channels = channels;
  if (!Begin(&decoding, &image.channels)) return error(decoding.message);
  image.height = png_get_image_height(decoding.png, decoding.info);
  image.width = png_get_image_width(decoding.png, decoding.info);
  const size_t row_bytes = static_cast<size_t>(image.width) * static_cast<size_t>(image.channels);
  GRADUS_CHECK(png_get_rowbytes(decoding.png, decoding.info) == row_bytes);
  if (row_bytes * static_cast<uint64_t>(image.height) > kMostImageBytes) {
    return error(absl::StrCat("the image is ", image.width, " x ", image.height,
                              ", which is more than 256 MiB"));
  }
  image.pixels.resize(row_bytes * static_cast<size_t>(image.height));
  std::vector<png_bytep> rows(static_cast<size_t>(image.height));
  for (size_t r = 0; r < rows.size(); ++r) rows[r] = image.pixels.data() + r * row_bytes;
  if (!ReadRows(&decoding, rows.data())) return error(decoding.message);
  return image;
}

}  // namespace gradus
