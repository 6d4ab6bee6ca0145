#include "fuse.h"

#include <cstdlib>
#include <cstring>

#include "isa.h"
#include "parallel.h"

namespace tailrace {

TAILRACE_EXPORT(fuse, FuseCall)

namespace {

constexpr int kMostOutputs = 64;
constexpr int64_t kUnit = 1 << 15;   // lanes in a unit of a program that reduces, about
constexpr int64_t kUnitRows = 32;    // at least, where columns are reduced

// -- programs that reduce -------------------------------------------------------------------------
//
// A unit is some of the rows, or of the columns of a single row: as many whatever the number of
// threads. What a unit gives of a number that others add to is kept until all are done.

template <class T>
class Units {
 public:
  explicit Units(const FuseCall& call) : call_(call), program_(*call.program) {
    total_ = call.rows > 1 ? call.rows : call.columns;
    unit_ = kUnit;
    if (call.rows > 1) {
      unit_ = (kUnit + call.columns - 1) / call.columns;
      for (int o = 0; o < program_.outputs; ++o) {
        if (program_.output_forms[o] == kOfColumns && unit_ < kUnitRows) unit_ = kUnitRows;
      }
    }
    count_ = (total_ + unit_ - 1) / unit_;
  }

  ~Units() { std::free(memory_); }
  Units(const Units&) = delete;
  Units& operator=(const Units&) = delete;

  // Whether there is the memory for it.
  bool place() {
    int64_t numbers = 0;
    for (int o = 0; o < program_.outputs; ++o) numbers += shared(o) ? count_ * size(o) : 0;
    if (numbers > 0) {
      memory_ = std::malloc(sizeof(T) * static_cast<size_t>(numbers));
      if (!memory_) return false;
    }
    T* next = static_cast<T*>(memory_);
    for (int o = 0; o < program_.outputs; ++o) {
      found_[o] = next;
      if (shared(o)) next += count_ * size(o);
    }
    return true;
  }

  void run(const Team& team) const {
    const int64_t last = part(count_, team.rank + 1, team.size);
    for (int64_t u = part(count_, team.rank, team.size); u < last; ++u) run(u);
  }

  void finish() const {
    for (int o = 0; o < program_.outputs; ++o) {
      if (program_.output_forms[o] == kEach) continue;
      T* out = reinterpret_cast<T*>(call_.outputs[o]);
      if (shared(o)) {
        combine(program_.output_codes[o], found_[o], count_, size(o));
        std::memcpy(out, found_[o], sizeof(T) * static_cast<size_t>(size(o)));
      }
      if (program_.output_ends[o] == kMean) {
        const T of = static_cast<T>(lanes(o));
        for (int64_t i = 0; i < size(o); ++i) out[i] /= of;
      } else if (program_.output_ends[o] == kHalf) {
        for (int64_t i = 0; i < size(o); ++i) out[i] /= 2;
      }
    }
  }

 private:
  // Whether several units have a part in each of its numbers.
  bool shared(int o) const {
    const uint8_t form = program_.output_forms[o];
    if (count_ == 1 || form == kEach) return false;
    return form == kAlone || form == (call_.rows > 1 ? kOfColumns : kOfRows);
  }

  int64_t size(int o) const {
    const uint8_t form = program_.output_forms[o];
    return form == kAlone ? 1 : form == kOfRows ? call_.rows : call_.columns;
  }

  int64_t lanes(int o) const { return call_.rows * call_.columns / size(o); }

  void run(int64_t unit) const {
    FuseCall mine = call_;
    mine.begin = unit * unit_;
    mine.end = mine.begin + unit_ < total_ ? mine.begin + unit_ : total_;
    char* outputs[kMostOutputs];
    for (int o = 0; o < program_.outputs; ++o) {
      outputs[o] = call_.outputs[o];
      if (shared(o)) {
        outputs[o] = reinterpret_cast<char*>(found_[o] + unit * size(o));
      } else if (program_.output_forms[o] == kOfRows || program_.output_forms[o] == kOfColumns) {
        // a unit's own numbers, of all if there is but one
        outputs[o] += mine.begin * static_cast<int64_t>(sizeof(T));
      }
    }
    mine.outputs = outputs;
    tailrace_fuse(&mine);
  }

  // Rows into the first.
  static void combine(uint8_t code, T* x, int64_t rows, int64_t columns) {
    while (rows > 1) {
      const int64_t half = (rows + 1) / 2;
      const int64_t pairs = (rows - half) * columns;
      const T* other = x + half * columns;
      switch (code + kFirstReduction) {
        case kSum:
          for (int64_t i = 0; i < pairs; ++i) x[i] += other[i];
          break;
        case kLargest:
          for (int64_t i = 0; i < pairs; ++i) x[i] = x[i] < other[i] ? other[i] : x[i];
          break;
        default:
          for (int64_t i = 0; i < pairs; ++i) x[i] = other[i] < x[i] ? other[i] : x[i];
          break;
      }
      rows = half;
    }
  }

  const FuseCall& call_;
  const FuseProgram& program_;
  int64_t total_, unit_, count_;
  void* memory_ = nullptr;
  T* found_[kMostOutputs];
};

template <class T>
bool run_units(const FuseCall& call, int threads) {
  Units<T> units(call);
  if (!units.place()) return false;
  if (threads > 1) {
    parallel(threads, [&](const Team& team) { units.run(team); });
  } else {
    units.run(Team{0, 1});
  }
  units.finish();
  return true;
}

void run_parts(const FuseCall& call, int threads) {
  const int64_t total = call.rows > 1 ? call.rows : call.columns;
  const auto work = [&](const Team& team) {
    // parts of a single row begin at cache lines
    const int64_t grain = call.rows > 1 ? 1 : 64;
    const int64_t grains = (total + grain - 1) / grain;
    FuseCall mine = call;
    mine.begin = part(grains, team.rank, team.size) * grain;
    mine.end = part(grains, team.rank + 1, team.size) * grain;
    if (mine.end > total) mine.end = total;
    if (mine.begin < mine.end) tailrace_fuse(&mine);
  };
  if (threads > 1) {
    parallel(threads, work);
  } else {
    work(Team{0, 1});
  }
}

}  // namespace
}  // namespace tailrace

// Runs a program on up to `threads` threads; `begin` and `end` are not read. Gives 0 where memory is
// short, else 1.
TAILRACE_C int tailrace_fuse_run(const tailrace::FuseCall* args, int threads) {
  using namespace tailrace;
  if (args->program->reductions == 0) {
    run_parts(*args, threads);
    return 1;
  }
  const bool done = args->program->lane_bytes == 4 ? run_units<float>(*args, threads)
                                                   : run_units<double>(*args, threads);
  return done ? 1 : 0;
}
