// Class ids drawn one after the other, for sampled softmax and noise-contrastive estimation.
// Source: TF 1.15 core/kernels/range_sampler.cc.

#include <cmath>
#include <cstddef>

#include "philox.h"
#include "variates.h"

using namespace tailrace;

namespace {

// The log-uniform distribution: a double from two words at a time.
class LogUniform {
 public:
  LogUniform(const Position& at, double log_range, int64_t classes)
      : next_(at), log_range_(log_range), classes_(classes) {}

  int64_t draw() {
    if (used_ == kWords) {
      block(next_, words_);
      next_ = next_.after(1);
      used_ = 0;
    }
    const double u = uniform_f64(words_[used_], words_[used_ + 1]);
    used_ += 2;
    return (static_cast<int64_t>(std::exp(u * log_range_)) - 1) % classes_;
  }

 private:
  Position next_;
  double log_range_;
  int64_t classes_;
  uint32_t words_[kWords];
  int used_ = kWords;
};

// Whether an id is among the first `count`.
bool there(const int64_t* ids, size_t count, int64_t id) {
  for (size_t i = 0; i < count; ++i) {
    if (ids[i] == id) return true;
  }
  return false;
}

}  // namespace

// Fills `ids` [count]; where they are to be `unique`, draws until there are so many different ones.
// Looks through all found before, so `count` should not be large. `expected` tells for the ids
// [known] and then for those drawn how often each is expected among `count`. Returns the number of
// draws.
TAILRACE_API int64_t tailrace_log_uniform(uint64_t key, uint64_t low, uint64_t high,
                                          double log_range, int64_t classes, size_t count,
                                          int unique, int64_t* ids, const int64_t* known,
                                          size_t known_count, float* expected) {
  LogUniform sampler(Position{key, low, high}, log_range, classes);
  int64_t draws = 0;
  for (size_t found = 0; found < count; ++draws) {
    const int64_t id = sampler.draw();
    if (unique && there(ids, found, id)) continue;
    ids[found++] = id;
  }
  const bool once = draws == static_cast<int64_t>(count);
  const float tries = static_cast<float>(draws);
  const auto tell = [&](const int64_t* of, size_t many) {
    for (size_t i = 0; i < many; ++i) {
      const double id = static_cast<double>(of[i]);
      const float p = static_cast<float>(std::log((id + 2.0) / (id + 1.0)) / log_range);
      *expected++ = once ? p * tries : -std::expm1(tries * std::log1p(-p));
    }
  };
  tell(known, known_count);
  tell(ids, count);
  return draws;
}
