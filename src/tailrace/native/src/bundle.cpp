#include "bundle.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "fuse.h"
#include "isa.h"
#include "row_product.h"
#include "step.h"

TAILRACE_C int tailrace_fuse_run(const tailrace::FuseCall*, int);
TAILRACE_C void tailrace_fuse(const tailrace::FuseCall*);
TAILRACE_C void tailrace_lstm_step_f32(const tailrace::StepArgs<float>*);
TAILRACE_C void tailrace_lstm_step_f64(const tailrace::StepArgs<double>*);
TAILRACE_C void tailrace_gru_step_f32(const tailrace::StepArgs<float>*);
TAILRACE_C void tailrace_gru_step_f64(const tailrace::StepArgs<double>*);
TAILRACE_C void tailrace_rnn_step_f32(const tailrace::StepArgs<float>*);
TAILRACE_C void tailrace_rnn_step_f64(const tailrace::StepArgs<double>*);

namespace tailrace {

TAILRACE_EXPORT(row_product_f32, RowProduct<float>)
TAILRACE_EXPORT(row_product_f64, RowProduct<double>)

namespace {

// One step, with its slots looked up.
struct Call {
  char* const* at;
  const int64_t *slots, *types, *params;
  int64_t outputs, inputs;
  char* scratch;

  template <class T = char>
  T* out(int64_t i = 0) const {
    return reinterpret_cast<T*>(at[slots[i]]);
  }
  template <class T = char>
  const T* in(int64_t i) const {
    return reinterpret_cast<const T*>(at[slots[outputs + i]]);
  }
  int64_t out_type(int64_t i = 0) const { return types[i]; }
  int64_t in_type(int64_t i) const { return types[outputs + i]; }
};

// use(T{}) with the type that a number stands for.
template <class Use>
bool with_float(int64_t type, const Use& use) {
  if (type == kFloat32) return use(float{});
  return use(double{});
}

template <class Use>
bool with_whole(int64_t type, const Use& use) {
  if (type == kInt32) return use(int32_t{});
  return use(int64_t{});
}

template <class Use>
bool with_number(int64_t type, const Use& use) {
  return type <= kFloat64 ? with_float(type, use) : with_whole(type, use);
}

template <class Use>
bool with_any(int64_t type, const Use& use) {
  return type == kBool ? use(bool{}) : with_number(type, use);
}

// -- element by element ---------------------------------------------------------------------------

// Parameters: address of a FuseProgram, rows, columns, for each input its strides.
bool fuse_step(const Call& c) {
  FuseInput inputs[64];
  char* outputs[64];
  for (int64_t i = 0; i < c.inputs; ++i) {
    inputs[i] = {c.in(i), c.params[3 + 2 * i], c.params[4 + 2 * i]};
  }
  for (int64_t i = 0; i < c.outputs; ++i) outputs[i] = c.out(i);
  const int64_t rows = c.params[1], columns = c.params[2];
  const FuseProgram* program = reinterpret_cast<const FuseProgram*>(c.params[0]);
  const FuseCall call = {program,
                         inputs,
                         outputs,
                         rows,
                         columns,
                         0,
                         rows > 1 ? rows : columns};
  if (program->reductions > 0) return tailrace_fuse_run(&call, 1) != 0;
  tailrace_fuse(&call);
  return true;
}

// x / y rounded down, or what is left then.
template <class T>
T floor_divided(T x, T y, bool remainder) {
  const T left = x % y;
  const bool below = left != 0 && (left < 0) != (y < 0);
  return remainder ? left + (below ? y : 0) : x / y - below;
}

// Parameters: whether the remainder is wanted, number of elements, strides of both inputs.
bool divide(const Call& c) {
  return with_whole(c.out_type(), [&](auto zero) {
    using T = decltype(zero);
    const bool remainder = c.params[0] != 0;
    const T *x = c.in<T>(0), *y = c.in<T>(1);
    T* out = c.out<T>();
    for (int64_t i = 0; i < c.params[1]; ++i, x += c.params[2], y += c.params[3]) {
      // the lowest number by -1 is no number of the type
      if (*y == 0 || (*y == -1 && *x == std::numeric_limits<T>::min())) return false;
      out[i] = floor_divided(*x, *y, remainder);
    }
    return true;
  });
}

// Parameters: number of elements. Floating-point numbers become no whole ones.
bool cast(const Call& c) {
  return with_any(c.in_type(0), [&](auto from) {
    using From = decltype(from);
    return with_any(c.out_type(), [&](auto to) {
      using To = decltype(to);
      if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> &&
                    !std::is_same_v<To, bool>) {
        return false;
      } else {
        const From* x = c.in<From>(0);
        To* out = c.out<To>();
        for (int64_t i = 0; i < c.params[0]; ++i) out[i] = static_cast<To>(x[i]);
        return true;
      }
    });
  });
}

// -- elements moved -------------------------------------------------------------------------------

// Parameters: bytes.
bool copy(const Call& c) {
  std::memcpy(c.out(), c.in(0), static_cast<size_t>(c.params[0]));
  return true;
}

// Parameters: how many tables, entries of each, bytes of an entry, indices.
bool gather(const Call& c) {
  const int64_t tables = c.params[0], entries = c.params[1], bytes = c.params[2];
  const int64_t count = c.params[3];
  return with_whole(c.in_type(1), [&](auto zero) {
    const auto* places = c.in<decltype(zero)>(1);
    const char* table = c.in(0);
    char* out = c.out();
    for (int64_t t = 0; t < tables; ++t, table += entries * bytes) {
      for (int64_t i = 0; i < count; ++i, out += bytes) {
        if (places[i] < 0 || places[i] >= entries) return false;
        std::memcpy(out, table + places[i] * bytes, static_cast<size_t>(bytes));
      }
    }
    return true;
  });
}

// Parameters: how many rows, for each input the bytes of a row.
bool concat(const Call& c) {
  char* out = c.out();
  for (int64_t row = 0; row < c.params[0]; ++row) {
    for (int64_t i = 0; i < c.inputs; ++i) {
      const int64_t bytes = c.params[1 + i];
      std::memcpy(out, c.in(i) + row * bytes, static_cast<size_t>(bytes));
      out += bytes;
    }
  }
  return true;
}

template <size_t Bytes>
char* copy_strided(const char* from, int64_t rank, const int64_t* sizes, char* to) {
  if (rank == 0) {
    std::memcpy(to, from, Bytes);
    return to + Bytes;
  }
  for (int64_t i = 0; i < sizes[0]; ++i, from += sizes[1]) {
    to = copy_strided<Bytes>(from, rank - 1, sizes + 2, to);
  }
  return to;
}

// Parameters: bytes of an element, rank, for each dimension its size and its stride in bytes.
bool strided(const Call& c) {
  const int64_t rank = c.params[1];
  const int64_t* const sizes = c.params + 2;
  switch (c.params[0]) {
    case 1: copy_strided<1>(c.in(0), rank, sizes, c.out()); return true;
    case 4: copy_strided<4>(c.in(0), rank, sizes, c.out()); return true;
    default: copy_strided<8>(c.in(0), rank, sizes, c.out()); return true;
  }
}

// -- along an axis --------------------------------------------------------------------------------

template <class T>
using Sum = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

template <class T>
constexpr T kLowest = std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity()
                                                  : std::numeric_limits<T>::lowest();
template <class T>
constexpr T kHighest = std::is_floating_point_v<T> ? std::numeric_limits<T>::infinity()
                                                   : std::numeric_limits<T>::max();

// Of `count` numbers, `stride` apart. NaN is no extremum.
template <class T>
T reduced(BundleReduction how, const T* x, int64_t count, int64_t stride) {
  if (how == BundleReduction::kMax || how == BundleReduction::kMin) {
    const bool most = how == BundleReduction::kMax;
    T found = count == 1 ? *x : most ? kLowest<T> : kHighest<T>;
    for (int64_t i = 0; i < count; ++i, x += stride) {
      if (most ? *x > found : *x < found) found = *x;
    }
    return found;
  }
  if (how == BundleReduction::kProduct) {
    Sum<T> found = 1;
    for (int64_t i = 0; i < count; ++i, x += stride) found *= static_cast<Sum<T>>(*x);
    return static_cast<T>(found);
  }
  Sum<T> found = 0;
  for (int64_t i = 0; i < count; ++i, x += stride) found += static_cast<Sum<T>>(*x);
  if (how == BundleReduction::kMean) found /= static_cast<Sum<T>>(count);
  return static_cast<T>(found);
}

template <>
bool reduced(BundleReduction how, const bool* x, int64_t count, int64_t stride) {
  const bool decides = how == BundleReduction::kAny;
  for (int64_t i = 0; i < count; ++i, x += stride) {
    if (*x == decides) return decides;
  }
  return !decides;
}

// Parameters: a BundleReduction, sizes before, along and behind the axis.
bool reduce(const Call& c) {
  const auto how = static_cast<BundleReduction>(c.params[0]);
  const int64_t outer = c.params[1], count = c.params[2], inner = c.params[3];
  return with_any(c.out_type(), [&](auto zero) {
    using T = decltype(zero);
    T* out = c.out<T>();
    for (int64_t o = 0; o < outer; ++o) {
      const T* x = c.in<T>(0) + o * count * inner;
      for (int64_t i = 0; i < inner; ++i) *out++ = reduced<T>(how, x + i, count, inner);
    }
    return true;
  });
}

// Parameters: whether the largest is looked for, sizes before, along and behind the axis.
bool place_of_extreme(const Call& c) {
  const bool most = c.params[0] != 0;
  const int64_t outer = c.params[1], count = c.params[2], inner = c.params[3];
  return with_number(c.in_type(0), [&](auto zero) {
    using T = decltype(zero);
    return with_whole(c.out_type(), [&](auto index) {
      using Index = decltype(index);
      Index* out = c.out<Index>();
      for (int64_t j = 0; j < outer * inner; ++j) {
        const T* x = c.in<T>(0) + j / inner * count * inner + j % inner;
        T found = most ? kLowest<T> : kHighest<T>;
        int64_t place = 0;
        for (int64_t i = 0; i < count; ++i, x += inner) {
          if (most ? *x > found : *x < found) found = *x, place = i;
        }
        *out++ = static_cast<Index>(place);
      }
      return true;
    });
  });
}

// Parameters: whether products are wanted, exclusive, reverse, sizes before, along, behind the axis.
bool running(const Call& c) {
  const bool product = c.params[0], exclusive = c.params[1], reverse = c.params[2];
  const int64_t outer = c.params[3], count = c.params[4], inner = c.params[5];
  return with_number(c.out_type(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t j = 0; j < outer * inner; ++j) {
      const int64_t start = j / inner * count * inner + j % inner;
      Sum<T> found = product;
      for (int64_t i = 0; i < count; ++i) {
        const int64_t place = start + (reverse ? count - 1 - i : i) * inner;
        const auto x = static_cast<Sum<T>>(c.in<T>(0)[place]);
        const Sum<T> with = product ? found * x : found + x;
        c.out<T>()[place] = static_cast<T>(exclusive ? found : with);
        found = with;
      }
    }
    return true;
  });
}

// Parameters: whether logarithms are wanted, rows, columns.
bool softmax(const Call& c) {
  const int64_t rows = c.params[1], columns = c.params[2];
  return with_float(c.out_type(), [&](auto zero) {
    using T = decltype(zero);
    const T* x = c.in<T>(0);
    T* out = c.out<T>();
    for (int64_t r = 0; r < rows; ++r, x += columns, out += columns) {
      T top = kLowest<T>;
      for (int64_t i = 0; i < columns; ++i) {
        if (!(x[i] <= std::numeric_limits<T>::max())) return false;  // infinite or NaN
        top = std::max(top, x[i]);
      }
      double sum = 0;
      for (int64_t i = 0; i < columns; ++i) sum += out[i] = std::exp(x[i] - top);
      if (!(sum >= 1)) return false;
      const T log_sum = static_cast<T>(std::log(sum)), factor = static_cast<T>(1 / sum);
      for (int64_t i = 0; i < columns; ++i) {
        out[i] = c.params[0] ? x[i] - top - log_sum : out[i] * factor;
      }
    }
    return true;
  });
}

// Parameters: rows, columns, how many are wanted. Scratch: an int32 for each column.
bool top_k(const Call& c) {
  const int64_t rows = c.params[0], columns = c.params[1], wanted = c.params[2];
  return with_number(c.in_type(0), [&](auto zero) {
    using T = decltype(zero);
    int32_t* const order = reinterpret_cast<int32_t*>(c.scratch);
    for (int64_t r = 0; r < rows; ++r) {
      const T* x = c.in<T>(0) + r * columns;
      for (int64_t i = 0; i < columns; ++i) {
        if (x[i] != x[i]) return false;
        order[i] = static_cast<int32_t>(i);
      }
      std::partial_sort(order, order + wanted, order + columns, [x](int32_t a, int32_t b) {
        return x[a] > x[b] || (x[a] == x[b] && a < b);
      });
      for (int64_t i = 0; i < wanted; ++i) {
        c.out<T>(0)[r * wanted + i] = x[order[i]];
        c.out<int32_t>(1)[r * wanted + i] = order[i];
      }
    }
    return true;
  });
}

// Parameters: whether behind equal ones, rows, numbers and values in a row.
bool search(const Call& c) {
  const int64_t rows = c.params[1], numbers = c.params[2], values = c.params[3];
  return with_number(c.in_type(0), [&](auto zero) {
    using T = decltype(zero);
    return with_whole(c.out_type(), [&](auto index) {
      using Index = decltype(index);
      for (int64_t i = 0; i < rows * values; ++i) {
        const T *from = c.in<T>(0) + i / values * numbers, *to = from + numbers;
        const T value = c.in<T>(1)[i];
        if (value != value) return false;
        const T* found = c.params[0] ? std::upper_bound(from, to, value)
                                     : std::lower_bound(from, to, value);
        c.out<Index>()[i] = static_cast<Index>(found - from);
      }
      return true;
    });
  });
}

// -- products -------------------------------------------------------------------------------------

// Parameters: rows, depth, columns.
bool product(const Call& c) {
  const int64_t rows = c.params[0], depth = c.params[1], columns = c.params[2];
  return with_float(c.out_type(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t r = 0; r < rows; ++r) {
      const RowProduct<T> row = {c.in<T>(0) + r * depth, c.in<T>(1), c.out<T>() + r * columns, depth,
                                 columns};
      if constexpr (std::is_same_v<T, float>) {
        tailrace_row_product_f32(&row);
      } else {
        tailrace_row_product_f64(&row);
      }
    }
    return true;
  });
}

template <class T>
void run_step(int64_t cell, const StepArgs<T>& args) {
  if constexpr (std::is_same_v<T, float>) {
    (cell == kLstm  ? tailrace_lstm_step_f32
     : cell == kGru ? tailrace_gru_step_f32
                    : tailrace_rnn_step_f32)(&args);
  } else {
    (cell == kLstm  ? tailrace_lstm_step_f64
     : cell == kGru ? tailrace_gru_step_f64
                    : tailrace_rnn_step_f64)(&args);
  }
}

// Inputs: x, h, of an LSTM c, kernel, of a GRU the candidate's; biases: those of a GRU where the
// parameters say so. Parameters: numbers of inputs and units, the forget bias' bits or the activation,
// whether there is a bias, whether the candidate has one.
bool cell_step(const Call& c, int64_t cell) {
  return with_float(c.out_type(), [&](auto zero) {
    using T = decltype(zero);
    StepArgs<T> args{};
    int64_t next = 0;
    args.x = c.in<T>(next++);
    args.h = c.in<T>(next++);
    if (cell == kLstm) args.c = c.in<T>(next++);
    args.kernel = c.in<T>(next++);
    if (cell == kGru) args.candidate = c.in<T>(next++);
    if (c.params[3]) args.bias = c.in<T>(next++);
    if (c.params[4]) args.candidate_bias = c.in<T>(next++);
    args.h_next = c.out<T>(0);
    if (cell == kLstm) {
      args.c_next = c.out<T>(1);
      std::memcpy(&args.forget_bias, c.params + 2, sizeof args.forget_bias);
    }
    if (cell == kRnn) args.activation = static_cast<Activation>(c.params[2]);
    args.scratch = reinterpret_cast<T*>(c.scratch);
    args.inputs = c.params[0];
    args.hidden = c.params[1];
    run_step(cell, args);
    return true;
  });
}

bool run_one(int64_t code, const Call& c) {
  switch (code) {
    case kFuseStep: return fuse_step(c);
    case kCopy: return copy(c);
    case kGather: return gather(c);
    case kConcat: return concat(c);
    case kStrided: return strided(c);
    case kReduce: return reduce(c);
    case kPlaceOfExtreme: return place_of_extreme(c);
    case kDivide: return divide(c);
    case kCast: return cast(c);
    case kSearch: return search(c);
    case kProduct: return product(c);
    case kSoftmax: return softmax(c);
    case kTopK: return top_k(c);
    case kRunning: return running(c);
    default: return cell_step(c, code);
  }
}

}  // namespace
}  // namespace tailrace

// Runs a bundle on the memory of inputs and outputs. Gives 0 where it cannot do it: an index out of
// bounds, a division by zero. Outputs then hold anything.
TAILRACE_C int tailrace_bundle_run(const tailrace::Bundle* bundle, char* const* buffers) {
  using namespace tailrace;
  char* at[kMostSlots];
  for (int64_t i = 0; i < bundle->slot_count; ++i) {
    const BundleSlot& slot = bundle->slots[i];
    at[i] = (slot.buffer < 0 ? nullptr : buffers[slot.buffer]) + slot.offset;
  }
  const int64_t* const end = bundle->code + bundle->words;
  for (const int64_t* step = bundle->code; step < end; step += step[0]) {
    const int64_t outputs = step[3], inputs = step[4], slots = outputs + inputs;
    const Call call = {at,      step + 5, step + 5 + slots, step + 5 + 2 * slots,
                       outputs, inputs,   step[2] < 0 ? nullptr : at[step[2]]};
    if (!run_one(step[1], call)) return 0;
  }
  return 1;
}
