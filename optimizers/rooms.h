// A fixed number of vectors that are lent: who copies a loan shares the vector, and the last one to
// forget it gives it back. A search that moves places about needs no more vectors than it knows
// places, and allocates none.

#ifndef GRADUS_OPTIMIZERS_ROOMS_H_
#define GRADUS_OPTIMIZERS_ROOMS_H_

#include <array>
#include <utility>

#include "absl/types/span.h"
#include "gradus/base/status.h"

namespace gradus {

template <class F, int most>
class Rooms {
  struct Room {
    absl::Span<F> numbers;
    int users = 0;
  };

 public:
  class Lent {
   public:
    Lent() = default;
    Lent(const Lent& other) : room_(other.room_) {
      if (room_ != nullptr) ++room_->users;
    }
    Lent(Lent&& other) noexcept : room_(std::exchange(other.room_, nullptr)) {}
    Lent& operator=(Lent other) noexcept {
      std::swap(room_, other.room_);
      return *this;
    }
    ~Lent() {
      if (room_ != nullptr) --room_->users;
    }
    absl::Span<F> numbers() const { return room_->numbers; }

   private:
    friend class Rooms;
    explicit Lent(Room* room) : room_(room) { ++room->users; }

    Room* room_ = nullptr;
  };

  void Add(absl::Span<F> numbers) {
    GRADUS_CHECK(count_ < most);
    rooms_[count_++].numbers = numbers;
  }
  // One that nobody has; there must be one.
  Lent Borrow() {
    int i = 0;
    while (i < count_ && rooms_[i].users > 0) ++i;
    GRADUS_CHECK(i < count_);
    return Lent(&rooms_[i]);
  }

 private:
  std::array<Room, most> rooms_;
  int count_ = 0;
};

}  // namespace gradus

#endif  // GRADUS_OPTIMIZERS_ROOMS_H_
