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

namespace tailrace {
namespace TAILRACE_ISA {
namespace {

constexpr int64_t kRegisterSize = 2048;  // bytes: a dozen of them and what they are made from fit L1
constexpr int64_t kLongRow = 1024;       // bytes from which a row is worth tiles of its own

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
    case kReluGrad: pairs<V>(o, [=](V dy, V x) { return x <= zero ? zero : dy; }); return true;
    case kRelu6Grad:
      pairs<V>(o, [=](V dy, V x) { return (x > zero) & (x < six) ? dy : zero; });
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

// A program at work on its part of the rows or columns.
template <class T>
class Machine {
 public:
  explicit Machine(const FuseCall& call) : call_(call), program_(*call.program) {
    const int64_t width = sizeof(T);
    const int64_t widest = kRegisterSize / width;
    const bool by_rows = call.rows > 1;
    many_rows_ = by_rows && call.columns * width < kLongRow;
    const int64_t rows = by_rows ? call.end - call.begin : 1;
    if (many_rows_) {
      rows_at_once_ = widest / call.columns < rows ? widest / call.columns : rows;
      tile_size_ = rows_at_once_ * call.columns;
    } else {
      rows_at_once_ = 1;
      const int64_t columns = by_rows ? call.columns : call.end - call.begin;
      tile_size_ = columns < widest ? columns : widest;
    }
    register_size_ = whole(tile_size_ * width);
  }

  void run() {
    const FuseProgram& p = program_;
    const int operands = p.inputs + p.constants + p.outputs + p.temporaries;
    const int64_t table = whole(static_cast<int64_t>(sizeof(char*)) * operands);
    char* memory = static_cast<char*>(
        workspace(static_cast<unsigned long>(table + register_size_ * operands)));
    if (!memory) return;
    at_ = reinterpret_cast<char**>(memory);
    registers_ = memory + table;
    for (int i = 0; i < operands; ++i) at_[i] = reg(i);
    prepare();
    if (call_.rows <= 1) {
      tiles_of_row(0, call_.begin, call_.end);
    } else if (many_rows_) {
      for (int64_t r = call_.begin; r < call_.end; r += rows_at_once_) {
        const int64_t left = call_.end - r;
        tile({r, left < rows_at_once_ ? left : rows_at_once_, 0, call_.columns});
      }
    } else {
      for (int64_t r = call_.begin; r < call_.end; ++r) tiles_of_row(r, 0, call_.columns);
    }
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
        for (int64_t r = 0; r < rows_at_once_; ++r) copy(reg(i) + r * bytes, in.data, bytes);
      }
    }
  }

  static void copy(char* to, const char* from, int64_t bytes) {
    std::memcpy(to, from, static_cast<size_t>(bytes));
  }

  void tiles_of_row(int64_t row, int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c += tile_size_) {
      tile({row, 1, c, end - c < tile_size_ ? end - c : tile_size_});
    }
  }

  void tile(const Tile& t) {
    const FuseProgram& p = program_;
    const int64_t count = t.rows * t.columns;
    const int64_t bytes = count * static_cast<int64_t>(sizeof(T));
    const bool whole_vectors = bytes % kRegisterBytes == 0;
    for (int i = 0; i < p.inputs; ++i) place_input(i, t, whole_vectors);
    char** outputs = at_ + p.inputs + p.constants;
    const int64_t begin = t.first_row * call_.columns + t.first_column;
    for (int i = 0; i < p.outputs; ++i) {
      outputs[i] = whole_vectors ? call_.outputs[i] + begin * p.output_bytes[i]
                                 : reg(p.inputs + p.constants + i);
    }
    const int64_t rounded = (bytes + kRegisterBytes - 1) / kRegisterBytes * kRegisterBytes;
    for (int i = 0; i < p.instructions; ++i) {
      const FuseInstruction& in = p.code[i];
      execute<T>(in.code, {at_[in.out], at_[in.a], at_[in.b], at_[in.c], rounded});
    }
    if (whole_vectors) return;
    for (int i = 0; i < p.outputs; ++i) {
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
  bool many_rows_;
  int64_t rows_at_once_, tile_size_, register_size_;
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
