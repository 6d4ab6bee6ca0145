// Programs of small steps on arrays whose sizes are known: each step reads and writes contiguous
// arrays, and all run in one call. What they compute is said in src/tailrace/native/bundles.py, which
// writes them down.

#pragma once

#include <cstdint>

namespace tailrace {

// bundles.py has the same names in the same order.
enum BundleCode : int64_t {
  kFuseStep, kCopy, kGather, kConcat, kStrided, kReduce, kPlaceOfExtreme, kDivide, kCast, kSearch,
  kProduct, kLstm, kGru, kRnn, kSoftmax, kTopK, kRunning,
};

enum BundleType : int64_t { kFloat32, kFloat64, kInt32, kInt64, kBool };

enum class BundleReduction : int64_t { kSum, kProduct, kMax, kMin, kMean, kAll, kAny };

// An array: `offset` bytes into the memory of an input or output (the outputs follow the inputs), or,
// where `buffer` is below 0, at the address `offset`.
struct BundleSlot {
  int64_t buffer, offset;
};

// `code` is made of steps, each: its length in words, code, scratch slot or -1, number of outputs and
// of inputs; their slots; their element types; its parameters.
struct Bundle {
  const int64_t* code;
  const BundleSlot* slots;
  int64_t words, slot_count;
};

constexpr int kMostSlots = 1024;

}  // namespace tailrace
