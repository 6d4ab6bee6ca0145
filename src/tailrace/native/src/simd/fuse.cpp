// The interpreter of element-wise programs; see fuse.h.
//
// A tile is as many numbers as a register holds, or what is left. Instructions work on whole vectors:
// where a tile is not, its inputs are copied into registers and its outputs out of them, so that no
// instruction has a rest to care for.

#include "fuse.h"

#include <cstring>
#include <type_traits>

#include "parallel.h"
#include "simd/functions.h"
#include "simd/reduce.h"

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

constexpr int64_t kRegisterSize = 2048;  // bytes: a dozen of them and what they are made from fit L1
constexpr int64_t kLongRow = 1024;       // bytes from which a row is worth tiles of its own
constexpr int64_t kLongSums = 16384;     // bytes from which sums of columns do not stay near

// What an instruction works on: whole vectors, `bytes` bytes in all.
struct Operands {
  char* out;
  const char *a, *b, *c;
  int64_t bytes;
};

template <class V>
TAILRACE_INLINE V fetch(const char* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class In, class F>
TAILRACE_INLINE void each(const Operands& o, const F& f) {
  for (int64_t i = 0; i < o.bytes; i += kRegisterBytes) {
    const auto y = f(fetch<In>(o.a + i));
    std::memcpy(o.out + i, &y, kRegisterBytes);
  }
}

template <class In, class F>
TAILRACE_INLINE void pairs(const Operands& o, const F& f) {
  for (int64_t i = 0; i < o.bytes; i += kRegisterBytes) {
    const auto z = f(fetch<In>(o.a + i), fetch<In>(o.b + i));
    std::memcpy(o.out + i, &z, kRegisterBytes);
  }
}

// For what the processor may have a vector instruction for, but the vector types no word.
template <class T, class F>
TAILRACE_INLINE void numbers(const Operands& o, const F& f) {
  T* out = reinterpret_cast<T*>(o.out);
  const T* a = reinterpret_cast<const T*>(o.a);
  const int64_t count = o.bytes / static_cast<int64_t>(sizeof(T));
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) out[i] = f(a[i]);
}

TAILRACE_INLINE float root(float x) { return __builtin_sqrtf(x); }
TAILRACE_INLINE double root(double x) { return __builtin_sqrt(x); }
TAILRACE_INLINE float below(float x) { return __builtin_floorf(x); }
TAILRACE_INLINE double below(double x) { return __builtin_floor(x); }
TAILRACE_INLINE float above(float x) { return __builtin_ceilf(x); }
TAILRACE_INLINE double above(double x) { return __builtin_ceil(x); }
TAILRACE_INLINE float nearest(float x) { return __builtin_rintf(x); }
TAILRACE_INLINE double nearest(double x) { return __builtin_rint(x); }

template <class T>
TAILRACE_INLINE Vec<T> magnitude(Vec<T> x) {
  return (Vec<T>)((Bits<T>)x & ~(Bits<T>)splat<T>(T(-0.0)));
}

template <class T>
using Int = typename std::conditional<sizeof(T) == 4, int32_t, int64_t>::type;

template <class T>
TAILRACE_INLINE void load_mask(const Operands& o) {
  Int<T>* out = reinterpret_cast<Int<T>*>(o.out);
  const uint8_t* a = reinterpret_cast<const uint8_t*>(o.a);
  const int64_t count = o.bytes / static_cast<int64_t>(sizeof(T));
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) out[i] = -static_cast<Int<T>>(a[i] != 0);
}

template <class T>
TAILRACE_INLINE void store_mask(const Operands& o) {
  uint8_t* out = reinterpret_cast<uint8_t*>(o.out);
  const Int<T>* a = reinterpret_cast<const Int<T>*>(o.a);
  const int64_t count = o.bytes / static_cast<int64_t>(sizeof(T));
#pragma GCC ivdep
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<uint8_t>(a[i] & 1);
}

template <class T>
TAILRACE_INLINE bool execute_unary(uint16_t code, const Operands& o) {
  using V = Vec<T>;
  const V zero{}, one = splat<T>(T(1)), six = splat<T>(T(6));
  const V infinity = splat<T>(Limits<T>::kInfinity);
  switch (code) {
    case kNeg: each<V>(o, [](V x) { return -x; }); return true;
    case kAbs: each<V>(o, [](V x) { return magnitude<T>(x); }); return true;
    case kSquare: each<V>(o, [](V x) { return x * x; }); return true;
    case kSqrt: numbers<T>(o, [](T x) { return root(x); }); return true;
    case kRsqrt: numbers<T>(o, [](T x) { return 1 / root(x); }); return true;
    case kReciprocal: each<V>(o, [=](V x) { return one / x; }); return true;
    case kExp: each<V>(o, [](V x) { return exp<T>(x); }); return true;
    case kExpm1: each<V>(o, [](V x) { return expm1<T>(x); }); return true;
    case kLog: each<V>(o, [](V x) { return log<T>(x); }); return true;
    case kLog1p: each<V>(o, [](V x) { return log1p<T>(x); }); return true;
    case kTanh: each<V>(o, [](V x) { return tanh<T>(x); }); return true;
    case kSigmoid: each<V>(o, [](V x) { return logistic<T>(x); }); return true;
    case kRelu: each<V>(o, [=](V x) { return x <= zero ? zero : x; }); return true;
    case kRelu6:
      each<V>(o, [=](V x) { return x < zero ? zero : (x > six ? six : x); });
      return true;
    case kElu: each<V>(o, [=](V x) { return x < zero ? expm1<T>(x) : x; }); return true;
    case kSoftplus: each<V>(o, [](V x) { return softplus<T>(x); }); return true;
    case kSign:
      each<V>(o, [=](V x) { return x > zero ? one : (x < zero ? -one : zero); });
      return true;
    case kFloor: numbers<T>(o, [](T x) { return below(x); }); return true;
    case kCeil: numbers<T>(o, [](T x) { return above(x); }); return true;
    case kRound: numbers<T>(o, [](T x) { return nearest(x); }); return true;
    case kIsNan: each<V>(o, [](V x) { return x != x; }); return true;
    case kIsInf: each<V>(o, [=](V x) { return magnitude<T>(x) == infinity; }); return true;
    case kIsFinite: each<V>(o, [=](V x) { return magnitude<T>(x) < infinity; }); return true;
    default: return false;
  }
}

template <class T>
TAILRACE_INLINE bool execute_binary(uint16_t code, const Operands& o) {
  using V = Vec<T>;
  const V zero{}, one = splat<T>(T(1)), half = splat<T>(T(0.5)), six = splat<T>(T(6));
  switch (code) {
    case kAdd: pairs<V>(o, [](V x, V y) { return x + y; }); return true;
    case kSub: pairs<V>(o, [](V x, V y) { return x - y; }); return true;
    case kMul: pairs<V>(o, [](V x, V y) { return x * y; }); return true;
    case kDiv: pairs<V>(o, [](V x, V y) { return x / y; }); return true;
    // TF: x where one of them is NaN
    case kMax: pairs<V>(o, [](V x, V y) { return x < y ? y : x; }); return true;
    case kMin: pairs<V>(o, [](V x, V y) { return y < x ? y : x; }); return true;
    case kSquaredDifference: pairs<V>(o, [](V x, V y) { return (x - y) * (x - y); }); return true;
    case kDivNoNan: pairs<V>(o, [=](V x, V y) { return y == zero ? zero : x / y; }); return true;
    case kMulNoNan: pairs<V>(o, [=](V x, V y) { return y == zero ? zero : x * y; }); return true;
    case kTanhGrad: pairs<V>(o, [=](V y, V dy) { return dy * (one - y * y); }); return true;
    case kSigmoidGrad: pairs<V>(o, [=](V y, V dy) { return dy * (one - y) * y; }); return true;
    case kSqrtGrad: pairs<V>(o, [=](V y, V dy) { return half * dy / y; }); return true;
    case kRsqrtGrad: pairs<V>(o, [=](V y, V dy) { return -half * dy * y * y * y; }); return true;
    case kReciprocalGrad: pairs<V>(o, [](V y, V dy) { return -dy * y * y; }); return true;
    // TF: a product of the gradient and 0 or 1
    case kReluGrad: pairs<V>(o, [=](V dy, V x) { return x > zero ? dy : dy * zero; }); return true;
    case kRelu6Grad:
      pairs<V>(o, [=](V dy, V x) { return (x > zero) & (x < six) ? dy : dy * zero; });
      return true;
    case kEluGrad: pairs<V>(o, [=](V dy, V y) { return y < zero ? dy * (y + one) : dy; }); return true;
    case kSoftplusGrad: pairs<V>(o, [](V dy, V x) { return dy * logistic<T>(x); }); return true;
    case kLess: pairs<V>(o, [](V x, V y) { return x < y; }); return true;
    case kLessEqual: pairs<V>(o, [](V x, V y) { return x <= y; }); return true;
    case kEqual: pairs<V>(o, [](V x, V y) { return x == y; }); return true;
    case kNotEqual: pairs<V>(o, [](V x, V y) { return x != y; }); return true;
    default: return false;
  }
}

template <class T>
TAILRACE_INLINE bool execute_whole(uint16_t code, const Operands& o) {
  using B = Bits<T>;
  // sums and products wrap around
  typedef typename std::make_unsigned<Int<T>>::type U
      __attribute__((vector_size(kRegisterBytes)));
  const B zero{};
  switch (code) {
    case kIntNeg: each<U>(o, [](U x) { return -x; }); return true;
    case kIntAbs: each<U>(o, [=](U x) { return (B)x < zero ? -x : x; }); return true;
    case kIntSquare: each<U>(o, [](U x) { return x * x; }); return true;
    case kIntAdd: pairs<U>(o, [](U x, U y) { return x + y; }); return true;
    case kIntSub: pairs<U>(o, [](U x, U y) { return x - y; }); return true;
    case kIntMul: pairs<U>(o, [](U x, U y) { return x * y; }); return true;
    case kIntMax: pairs<B>(o, [](B x, B y) { return x > y ? x : y; }); return true;
    case kIntMin: pairs<B>(o, [](B x, B y) { return x < y ? x : y; }); return true;
    case kIntLess: pairs<B>(o, [](B x, B y) { return x < y; }); return true;
    case kIntLessEqual: pairs<B>(o, [](B x, B y) { return x <= y; }); return true;
    case kIntEqual: pairs<B>(o, [](B x, B y) { return x == y; }); return true;
    case kIntNotEqual: pairs<B>(o, [](B x, B y) { return x != y; }); return true;
    case kAnd: pairs<B>(o, [](B x, B y) { return x & y; }); return true;
    case kOr: pairs<B>(o, [](B x, B y) { return x | y; }); return true;
    case kNotSame: pairs<B>(o, [](B x, B y) { return x ^ y; }); return true;
    case kSame: pairs<B>(o, [](B x, B y) { return ~(x ^ y); }); return true;
    case kNot: each<B>(o, [](B x) { return ~x; }); return true;
    default: return false;
  }
}

template <class T>
TAILRACE_INLINE void execute_other(uint16_t code, const Operands& o) {
  using V = Vec<T>;
  using B = Bits<T>;
  const B one_bits = (B)splat<T>(T(1));
  switch (code) {
    case kSelect:
      for (int64_t i = 0; i < o.bytes; i += kRegisterBytes) {
        const B chosen = fetch<B>(o.a + i);
        const B x = (fetch<B>(o.b + i) & chosen) | (fetch<B>(o.c + i) & ~chosen);
        std::memcpy(o.out + i, &x, kRegisterBytes);
      }
      break;
    case kZero: std::memset(o.out, 0, static_cast<size_t>(o.bytes)); break;
    case kFloatToInt: each<V>(o, [](V x) { return __builtin_convertvector(x, B); }); break;
    case kIntToFloat: each<B>(o, [](B x) { return __builtin_convertvector(x, V); }); break;
    case kMaskToFloat: each<B>(o, [=](B x) { return x & one_bits; }); break;
    case kMaskToInt: each<B>(o, [](B x) { return -x; }); break;
    case kFloatToMask: each<V>(o, [](V x) { return x != V{}; }); break;
    case kIntToMask: each<B>(o, [](B x) { return x != B{}; }); break;
    case kLoadMask: load_mask<T>(o); break;
    case kStoreMask: store_mask<T>(o); break;
    default: break;
  }
}

template <class T>
TAILRACE_INLINE void execute(uint16_t code, const Operands& o) {
  if (code < kFirstBinary) {
    execute_unary<T>(code, o);
  } else if (code < kFirstWhole) {
    execute_binary<T>(code, o);
  } else if (code < kFirstOther) {
    execute_whole<T>(code, o);
  } else {
    execute_other<T>(code, o);
  }
}

// -- tiles ----------------------------------------------------------------------------------------

// Rows first_row .. first_row + rows, columns likewise; with several rows, all columns of each.
struct Tile {
  int64_t first_row, rows, first_column, columns;
};

TAILRACE_INLINE void fill(char* to, const char* value, int64_t count, int64_t size) {
  if (size == 4) {
    int32_t x;
    std::memcpy(&x, value, sizeof x);
    for (int64_t i = 0; i < count; ++i) std::memcpy(to + 4 * i, &x, sizeof x);
  } else if (size == 8) {
    int64_t x;
    std::memcpy(&x, value, sizeof x);
    for (int64_t i = 0; i < count; ++i) std::memcpy(to + 8 * i, &x, sizeof x);
  } else {
    std::memset(to, *value, static_cast<size_t>(count));
  }
}

// -- reductions -----------------------------------------------------------------------------------

constexpr int64_t kTilesAtOnce = 16;  // of a column, that are added one by one

// The reductions of a program on its part of the work.
template <class T>
class Reductions {
 public:
  // A part of the work as large as `part`, in tiles as large as `tile`.
  Reductions(const FuseProgram& p, const Tile& part, const Tile& tile)
      : program_(p), rows_(part.rows), columns_(part.columns), tile_rows_(tile.rows),
        tile_columns_(tile.columns), down_((part.rows + tile.rows - 1) / tile.rows),
        across_((part.columns + tile.columns - 1) / tile.columns) {}

  int64_t bytes() const {
    int64_t numbers = table() + (tile_rows_ + 1) / 2 * tile_columns_;
    for (int o = 0; o < program_.outputs; ++o) numbers += size(program_.output_forms[o]);
    return numbers * static_cast<int64_t>(sizeof(T));
  }

  void place(char* memory) {
    T* next = reinterpret_cast<T*>(memory);
    at_ = reinterpret_cast<T**>(memory);
    next += table();
    for (int o = 0; o < program_.outputs; ++o) {
      at_[o] = next;
      next += size(program_.output_forms[o]);
    }
    scratch_ = next;
  }

  // The numbers of a tile, which is `down` and `across`.
  void take(uint16_t code, int output, const T* x, const Tile& t, int64_t down, int64_t across) {
    switch (code) {
      case kSum: take<Sum<T>>(output, x, t, down, across); break;
      case kLargest: take<Largest<T>>(output, x, t, down, across); break;
      default: take<Smallest<T>>(output, x, t, down, across); break;
    }
  }

  void finish(char* const* outputs) {
    for (int o = 0; o < program_.outputs; ++o) {
      if (program_.output_forms[o] == kEach) continue;
      T* out = reinterpret_cast<T*>(outputs[o]);
      switch (program_.output_codes[o] + kFirstReduction) {
        case kSum: finish<Sum<T>>(o, out); break;
        case kLargest: finish<Largest<T>>(o, out); break;
        default: finish<Smallest<T>>(o, out); break;
      }
    }
  }

 private:
  // The room that the addresses take, in numbers.
  int64_t table() const {
    return (program_.outputs * static_cast<int64_t>(sizeof(T*)) + 63) / 64 * 64 /
           static_cast<int64_t>(sizeof(T));
  }

  int64_t size(uint8_t form) const {
    switch (form) {
      case kAlone: return down_ * across_;
      case kOfRows: return rows_ * across_;
      case kOfColumns: return 2 * columns_;
      default: return 0;
    }
  }

  template <class Of>
  void take(int output, const T* x, const Tile& t, int64_t down, int64_t across) {
    T* found = at_[output];
    switch (program_.output_forms[output]) {
      case kAlone: found[down * across_ + across] = combined<Of>(x, t.rows * t.columns); break;
      case kOfRows:
        found += down * tile_rows_ * across_ + across;
        for (int64_t r = 0; r < t.rows; ++r) {
          found[r * across_] = combined<Of>(x + r * t.columns, t.columns);
        }
        break;
      default: take_columns<Of>(found + across * tile_columns_, x, t, down); break;
    }
  }

  // Sixteen tiles are added to the first row, which then is added to the second.
  template <class Of>
  void take_columns(T* near, const T* x, const Tile& t, int64_t down) {
    T* far = near + columns_;
    const T* row = scratch_;
    if (t.rows > 1 && t.columns >= kLanes<T>) {
      combine_columns<Of>(scratch_, x, t.rows, t.columns);
    } else {
      row = combined_rows<Of>(x, scratch_, t.rows, t.columns);
    }
    if (down % kTilesAtOnce != 0) {
      combine<Of>(near, near, row, t.columns);
      return;
    }
    if (down == kTilesAtOnce) copy_numbers(far, near, t.columns);
    if (down > kTilesAtOnce) combine<Of>(far, far, near, t.columns);
    copy_numbers(near, row, t.columns);
  }

  template <class Of>
  void finish(int output, T* out) {
    T* found = at_[output];
    switch (program_.output_forms[output]) {
      case kAlone: *out = *combined_rows<Of>(found, found, down_ * across_, 1); break;
      case kOfRows:
        for (int64_t r = 0; r < rows_; ++r) {
          out[r] = *combined_rows<Of>(found + r * across_, found + r * across_, across_, 1);
        }
        break;
      default:
        if (down_ > kTilesAtOnce) combine<Of>(found, found, found + columns_, columns_);
        // what is no number counts for nothing, unless it counts for something
        for (int64_t c = 0; c < columns_; ++c) out[c] = Of::settled(found[c]);
        break;
    }
  }

  const FuseProgram& program_;
  int64_t rows_, columns_, tile_rows_, tile_columns_;
  int64_t down_, across_;  // tiles
  T** at_;      // by output: by tile; of rows, by row and tile; of columns, two rows
  T* scratch_;
};

// A program at work on its part of the rows or columns.
template <class T>
class Machine {
 public:
  explicit Machine(const FuseCall& call) : call_(call), program_(*call.program) {
    const int64_t width = sizeof(T);
    // what only reduces has nothing to keep
    computes_ = program_.instructions > program_.reductions;
    const int64_t widest = (computes_ ? kRegisterSize : 4 * kRegisterSize) / width;
    if (call.rows > 1) {
      part_ = {call.begin, call.end - call.begin, 0, call.columns};
    } else {
      part_ = {0, 1, call.begin, call.end - call.begin};
    }
    many_rows_ = call.rows > 1 && call.columns * width < kLongRow;
    if (many_rows_) {
      const int64_t rows = widest / call.columns;
      largest_ = {0, rows < part_.rows ? rows : part_.rows, 0, call.columns};
    } else {
      largest_ = {0, 1, 0, part_.columns < widest ? part_.columns : widest};
    }
    register_size_ = whole(largest_.rows * largest_.columns * width);
    columns_first_ = false;
    if (call.rows > 1 && call.columns * width > kLongSums) {
      for (int o = 0; o < program_.outputs; ++o) {
        columns_first_ = columns_first_ || program_.output_forms[o] == kOfColumns;
      }
    }
  }

  void run() {
    const FuseProgram& p = program_;
    const int operands = p.inputs + p.constants + p.outputs + p.temporaries;
    const int64_t table = whole(static_cast<int64_t>(sizeof(char*)) * operands);
    const int64_t registers = register_size_ * operands;
    Reductions<T> reductions(p, part_, largest_);
    const int64_t reduced = p.reductions > 0 ? reductions.bytes() : 0;
    char* memory =
        static_cast<char*>(workspace(static_cast<unsigned long>(table + registers + reduced)));
    if (!memory) return;
    at_ = reinterpret_cast<char**>(memory);
    registers_ = memory + table;
    for (int i = 0; i < operands; ++i) at_[i] = reg(i);
    prepare();
    if (p.reductions == 0) {
      tiles(nullptr);
      return;
    }
    reductions.place(memory + table + registers);
    tiles(&reductions);
    reductions.finish(call_.outputs);
  }

 private:
  static int64_t whole(int64_t bytes) { return (bytes + 63) / 64 * 64; }

  char* reg(int operand) { return registers_ + operand * register_size_; }

  // Registers that hold the same in every tile: constants, numbers and rows that are repeated.
  void prepare() {
    const FuseProgram& p = program_;
    for (int i = 0; i < p.constants; ++i) {
      const char* bits = reinterpret_cast<const char*>(p.constant_bits + i);
      fill(reg(p.inputs + i), bits, register_size_ / static_cast<int64_t>(sizeof(T)), sizeof(T));
    }
    for (int i = 0; i < p.inputs; ++i) {
      const FuseInput& in = call_.inputs[i];
      if (in.row_stride != 0 || call_.rows == 0) continue;
      if (in.column_stride == 0) {
        const int64_t size = p.input_bytes[i];
        fill(reg(i), in.data, register_size_ / static_cast<int64_t>(sizeof(T)), size);
      } else if (many_rows_) {
        const int64_t bytes = call_.columns * p.input_bytes[i];
        for (int64_t r = 0; r < largest_.rows; ++r) copy(reg(i) + r * bytes, in.data, bytes);
      }
    }
  }

  static void copy(char* to, const char* from, int64_t bytes) {
    std::memcpy(to, from, static_cast<size_t>(bytes));
  }

  // A column of tiles after the other where that keeps what is added to in the nearest cache.
  void tiles(Reductions<T>* reductions) {
    const int64_t rows = part_.first_row + part_.rows;
    const int64_t columns = part_.first_column + part_.columns;
    if (columns_first_) {
      for (int64_t c = part_.first_column; c < columns; c += largest_.columns) {
        for (int64_t r = part_.first_row; r < rows; ++r) tile(at(r, c, rows, columns), reductions);
      }
      return;
    }
    for (int64_t r = part_.first_row; r < rows; r += largest_.rows) {
      for (int64_t c = part_.first_column; c < columns; c += largest_.columns) {
        tile(at(r, c, rows, columns), reductions);
      }
    }
  }

  Tile at(int64_t row, int64_t column, int64_t rows, int64_t columns) const {
    const int64_t down = rows - row, across = columns - column;
    return {row, down < largest_.rows ? down : largest_.rows, column,
            across < largest_.columns ? across : largest_.columns};
  }

  void tile(const Tile& t, Reductions<T>* reductions) {
    const FuseProgram& p = program_;
    const int64_t count = t.rows * t.columns;
    const int64_t bytes = count * static_cast<int64_t>(sizeof(T));
    const bool whole_vectors = !computes_ || bytes % kRegisterBytes == 0;
    for (int i = 0; i < p.inputs; ++i) place_input(i, t, whole_vectors);
    char** outputs = at_ + p.inputs + p.constants;
    const int64_t begin = t.first_row * call_.columns + t.first_column;
    for (int i = 0; i < p.outputs; ++i) {
      if (p.output_forms[i] != kEach) continue;
      outputs[i] = whole_vectors ? call_.outputs[i] + begin * p.output_bytes[i]
                                 : reg(p.inputs + p.constants + i);
    }
    const int64_t rounded = (bytes + kRegisterBytes - 1) / kRegisterBytes * kRegisterBytes;
    for (int i = 0; i < p.instructions; ++i) {
      const FuseInstruction& in = p.code[i];
      if (in.code >= kFirstReduction) {
        const T* numbers = reinterpret_cast<const T*>(at_[in.a]);
        reductions->take(in.code, in.out - p.inputs - p.constants, numbers, t,
                         (t.first_row - part_.first_row) / largest_.rows,
                         (t.first_column - part_.first_column) / largest_.columns);
        continue;
      }
      execute<T>(in.code, {at_[in.out], at_[in.a], at_[in.b], at_[in.c], rounded});
    }
    if (whole_vectors) return;
    for (int i = 0; i < p.outputs; ++i) {
      if (p.output_forms[i] != kEach) continue;
      const int64_t size = p.output_bytes[i];
      copy(call_.outputs[i] + begin * size, outputs[i], count * size);
    }
  }

  // Where the tile's numbers of an input are: in place if they lie together, else in a register.
  void place_input(int i, const Tile& t, bool whole_vectors) {
    const FuseInput& in = call_.inputs[i];
    const int64_t size = program_.input_bytes[i];
    if (in.row_stride == 0 && (in.column_stride == 0 || many_rows_)) return;
    const char* from = in.data + (t.first_row * in.row_stride + t.first_column * in.column_stride) *
                                     size;
    const bool together = in.column_stride == 1 && (t.rows == 1 || in.row_stride == t.columns);
    if (together && whole_vectors) {
      at_[i] = const_cast<char*>(from);
      return;
    }
    at_[i] = reg(i);
    if (together) {
      copy(reg(i), from, t.rows * t.columns * size);
      return;
    }
    char* to = reg(i);
    for (int64_t r = 0; r < t.rows; ++r) {
      const char* row = from + r * in.row_stride * size;
      if (in.column_stride == 1) {
        copy(to, row, t.columns * size);
      } else {
        fill(to, row, t.columns, size);
      }
      to += t.columns * size;
    }
  }

  const FuseCall& call_;
  const FuseProgram& program_;
  bool many_rows_, columns_first_, computes_;
  Tile part_, largest_;  // of the work; of the tiles
  int64_t register_size_;
  char** at_;
  char* registers_;
};

}  // namespace

void fuse(const FuseCall& call) {
  if (call.program->lane_bytes == 4) {
    Machine<float>(call).run();
  } else {
    Machine<double>(call).run();
  }
}

}  // namespace TAILRACE_ISA
}  // namespace tailrace
