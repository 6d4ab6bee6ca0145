// Tensors as C sees them: addresses and sizes of given ones, and new ones that own their memory.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace tailrace {

// -- DLPack 1.x, https://dmlc.github.io/dlpack/latest/c_api.html -----------------------------------

struct Version {
  uint32_t major, minor;
};

struct Type {
  uint8_t code, bits;
  uint16_t lanes;
};

struct TensorView {
  void* data;
  int32_t device_type, device_id;
  int32_t rank;
  Type type;
  int64_t *shape, *strides;
  uint64_t byte_offset;
};

struct ManagedTensor {
  Version version;
  void* context;
  void (*deleter)(ManagedTensor*);
  uint64_t flags;
  TensorView tensor;
};

struct ExchangeApi {
  Version version;
  void* previous;
  int (*allocate)(TensorView*, ManagedTensor**, void*, void (*)(void*, const char*, const char*));
  int (*from_object)(void*, ManagedTensor**);
  int (*to_object)(ManagedTensor*, void**);
  int (*view)(void*, TensorView*);
  int (*stream)(int, int32_t, void**);
};

constexpr int32_t kCpu = 1;
constexpr int kMaxRank = 8;

inline bool is_contiguous(const TensorView& v) {
  int64_t expected = 1;
  for (int d = v.rank - 1; d >= 0; --d) {
    if (v.shape[d] != 1 && v.strides[d] != expected) return false;
    expected *= v.shape[d];
  }
  return true;
}

// -- outputs --------------------------------------------------------------------------------------

// A tensor with its numbers behind it in one piece of memory.
struct Owned {
  ManagedTensor managed;
  int64_t shape[kMaxRank], strides[kMaxRank];
};

constexpr size_t kAlignment = 64;
constexpr size_t kHeader = (sizeof(Owned) + kAlignment - 1) / kAlignment * kAlignment;

inline void release(ManagedTensor* tensor) { std::free(tensor); }

struct Sizes {
  int rank = 0;
  int64_t dims[kMaxRank];
  int64_t count = 1;
};

inline Owned* new_tensor(const Sizes& sizes, Type type, uint32_t minor) {
  const size_t bytes = static_cast<size_t>(sizes.count) * type.bits / 8;
  const size_t total = (kHeader + bytes + kAlignment - 1) / kAlignment * kAlignment;
  char* memory = static_cast<char*>(std::aligned_alloc(kAlignment, total));
  if (!memory) return nullptr;
  Owned* owned = reinterpret_cast<Owned*>(memory);
  int64_t stride = 1;
  for (int d = sizes.rank - 1; d >= 0; --d) {
    owned->shape[d] = sizes.dims[d];
    owned->strides[d] = stride;
    stride *= sizes.dims[d] > 1 ? sizes.dims[d] : 1;
  }
  const TensorView view = {memory + kHeader, kCpu,          0, sizes.rank, type,
                           owned->shape,     owned->strides, 0};
  owned->managed = {{1, minor}, nullptr, release, 0, view};
  return owned;
}

}  // namespace tailrace
