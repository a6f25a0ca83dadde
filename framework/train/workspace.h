// Memory that a rule works in while it updates a parameter. It belongs to the framework, one for each
// thread, and is kept from update to update: after the first one nothing is allocated.
//
//   F* const product = p.work->Take<F>(n * n);          // Until the update of the parameter is over,
//   { Workspace::Scope scope(p.work);  ...  Take ... }  // or until the scope is.

#ifndef GRADUS_TRAIN_WORKSPACE_H_
#define GRADUS_TRAIN_WORKSPACE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace gradus {

// Thread safety: used by one thread at a time.
class Workspace {
 public:
  // What is taken in it is given back at its end.
  class Scope {
   public:
    explicit Scope(Workspace* workspace)
        : workspace_(*workspace), block_(workspace_.block_), used_(workspace_.used_) {}
    ~Scope() { workspace_.GoBack(block_, used_); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Workspace& workspace_;
    const size_t block_;
    const int64_t used_;
  };

  // `count` numbers at a multiple of 64 bytes; what they are is not known.
  template <class T>
  T* Take(int64_t count) {
    static_assert(std::is_trivial<T>::value && alignof(T) <= kAlignment, "plain numbers only");
    return static_cast<T*>(TakeBytes(count * static_cast<int64_t>(sizeof(T))));
  }
  // What only some updates take, taken and given back in every one: the first is the one that
  // allocates.
  template <class T>
  void Reserve(int64_t count) {
    const Scope scope(this);
    Take<T>(count);
  }

 private:
  static constexpr int64_t kAlignment = 64;
  struct Free {
    void operator()(char* bytes) const { ::operator delete (bytes, std::align_val_t{kAlignment}); }
  };
  struct Block {
    std::unique_ptr<char, Free> bytes;
    int64_t size = 0;
  };

  void* TakeBytes(int64_t count);
  void GoBack(size_t block, int64_t used);
  void Add(int64_t size);

  // More than one only until the first time that nothing is taken.
  std::vector<Block> blocks_;
  size_t block_ = 0;  // The one that is taken from, of which so much is.
  int64_t used_ = 0;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_WORKSPACE_H_
