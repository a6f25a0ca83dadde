// Which rows of a raw dataset: a range, or a list when a sample was drawn. Copies share the list.

#ifndef GRADUS_DATA_ROWS_H_
#define GRADUS_DATA_ROWS_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace gradus {

class Rows {
 public:
  Rows() = default;  // None.
  static Rows Range(int64_t first, int64_t count) {
    Rows rows;
    rows.first_ = first;
    rows.size_ = count;
    return rows;
  }
  // In this order; may name a row more than once.
  static Rows List(std::vector<int64_t> list) {
    Rows rows;
    rows.size_ = static_cast<int64_t>(list.size());
    rows.list_ = std::make_shared<const std::vector<int64_t>>(std::move(list));
    return rows;
  }

  int64_t size() const { return size_; }
  int64_t operator[](int64_t i) const { return list_ == nullptr ? first_ + i : (*list_)[i]; }
  bool is_range() const { return list_ == nullptr; }
  int64_t first() const { return first_; }  // Of a range.

 private:
  int64_t first_ = 0;
  int64_t size_ = 0;
  std::shared_ptr<const std::vector<int64_t>> list_;
};

}  // namespace gradus

#endif  // GRADUS_DATA_ROWS_H_
