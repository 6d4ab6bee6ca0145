// tailrace.native._fused_call: element-wise programs as Python callables on torch tensors.
//
// A call of a few small tensors costs less than a microsecond: shapes and addresses are read through
// the table of functions that the tensor class offers to C (DLPack's exchange interface), and outputs
// are handed over the same way. Sizes are looked at in every call. Whatever the program cannot do as
// asked - shapes that do not fit, other devices, types or layouts - the fallback does.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fuse.h"
#include "python/tensors.h"

namespace {

using namespace tailrace;

constexpr int kMaxInputs = 64, kMaxOutputs = 64;

// -- the callable ---------------------------------------------------------------------------------

using Run = int (*)(const tailrace::FuseCall*, int);

struct Program {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  Run run;
  const ExchangeApi* api;
  PyTypeObject* tensor_class;
  PyObject *fallback, *threads;
  tailrace::FuseProgram program;
  Type input_types[kMaxInputs], output_types[kMaxOutputs];
  uint8_t input_bytes[kMaxInputs], output_bytes[kMaxOutputs];
  uint8_t forms[kMaxOutputs], ends[kMaxOutputs], codes[kMaxOutputs], keeps[kMaxOutputs];
  int split;  // dimensions before are rows, others columns; -1 where it makes no difference
  uint64_t depends[kMaxOutputs];  // on which inputs an output depends, a bit each
  int8_t reused[kMaxOutputs];     // the input whose memory an output may have, or -1
  tailrace::FuseInstruction* code;
  uint64_t* constants;
};

// What one call works on.
struct Work {
  Sizes sizes;
  TensorView views[kMaxInputs];
  tailrace::FuseInput inputs[kMaxInputs];
  int64_t rows = 1, columns = 1;
};

enum Fit { kFits, kNeedsCopies, kUnfit };

bool read_views(const Program* p, PyObject* const* args, Work& w) {
  for (int i = 0; i < p->program.inputs; ++i) {
    if (Py_TYPE(args[i]) != p->tensor_class) return false;
    TensorView& v = w.views[i];
    if (p->api->view(args[i], &v) != 0) {
      PyErr_Clear();
      return false;
    }
    const Type wanted = p->input_types[i];
    if (v.device_type != kCpu || v.type.code != wanted.code || v.type.bits != wanted.bits ||
        v.rank > kMaxRank) {
      return false;
    }
  }
  return true;
}

// The sizes that the inputs broadcast to, if all outputs, or what they are reduced from, have them.
bool broadcast(const Program* p, Work& w) {
  Sizes& s = w.sizes;
  const int inputs = p->program.inputs;
  for (int i = 0; i < inputs; ++i) {
    if (w.views[i].rank > s.rank) s.rank = w.views[i].rank;
  }
  for (int d = 0; d < s.rank; ++d) {
    int64_t size = 1;
    for (int i = 0; i < inputs; ++i) {
      const int own = d - (s.rank - w.views[i].rank);
      const int64_t here = own < 0 ? 1 : w.views[i].shape[own];
      if (here == 1 || here == size) continue;
      if (size != 1) return false;
      size = here;
    }
    s.dims[d] = size;
    s.count *= size;
  }
  for (int o = 0; o < p->program.outputs; ++o) {
    int rank = 0;
    int64_t count = 1;
    for (int d = s.rank - 1; d >= 0; --d) {
      int64_t size = 1;
      for (int i = 0; i < inputs; ++i) {
        if (!(p->depends[o] >> i & 1)) continue;
        const int own = d - (s.rank - w.views[i].rank);
        if (w.views[i].rank > rank) rank = w.views[i].rank;
        if (own >= 0 && w.views[i].shape[own] != 1) size = w.views[i].shape[own];
      }
      count *= size;
    }
    if (rank != s.rank || count != s.count) return false;
  }
  return true;
}

int64_t stride_of(const TensorView& v, int rank, int d) {
  const int own = d - (rank - v.rank);
  return own < 0 || v.shape[own] == 1 ? 0 : v.strides[own];
}

// Sees the inputs as matrices with broadcast rows or columns, rows being the dimensions before the
// split if there is one.
Fit arrange(const Program* p, Work& w) {
  const Sizes& s = w.sizes;
  const int inputs = p->program.inputs;
  int found = 0;  // merged dimensions, the innermost first
  int64_t sizes[2] = {1, 1};
  for (int i = 0; i < inputs; ++i) {
    w.inputs[i] = {static_cast<char*>(w.views[i].data) + w.views[i].byte_offset, 0, 0};
  }
  bool among_rows = false;
  for (int d = s.rank - 1; d >= 0; --d) {
    if (s.dims[d] == 1) continue;
    bool joins = found > 0;
    if (d < p->split && !among_rows) {
      among_rows = true;
      joins = false;
      found = 1;
    }
    for (int i = 0; joins && i < inputs; ++i) {
      const tailrace::FuseInput& in = w.inputs[i];
      const int64_t stride = found == 1 ? in.column_stride : in.row_stride;
      joins = stride_of(w.views[i], s.rank, d) == stride * sizes[found - 1];
    }
    if (joins) {
      sizes[found - 1] *= s.dims[d];
      continue;
    }
    if (found == 2 || (found == 1 && p->split >= 0 && !among_rows)) return kNeedsCopies;
    for (int i = 0; i < inputs; ++i) {
      const int64_t stride = stride_of(w.views[i], s.rank, d);
      (found == 0 ? w.inputs[i].column_stride : w.inputs[i].row_stride) = stride;
      if (found == 0 && stride != 0 && stride != 1) return kNeedsCopies;
    }
    sizes[found++] = s.dims[d];
  }
  w.columns = sizes[0];
  w.rows = sizes[1];
  if (w.columns == 1) {
    // rows that lie one after the other
    for (int i = 0; i < inputs; ++i) w.inputs[i].column_stride = w.inputs[i].row_stride == 1;
  }
  return kFits;
}

bool has_sizes(const TensorView& v, const Sizes& s) {
  return v.rank == s.rank &&
         std::memcmp(v.shape, s.dims, sizeof(int64_t) * static_cast<size_t>(s.rank)) == 0;
}

constexpr int64_t kWorthThreads = 1 << 18;  // lanes times instructions
constexpr int64_t kGrain = 1 << 14;         // lanes a thread should have

// Sets an error and gives 0 when it cannot be known.
int thread_count(const Program* p, int64_t count) {
  if (count * p->program.instructions < kWorthThreads || count < 2 * kGrain) return 1;
  PyObject* number = PyObject_CallNoArgs(p->threads);
  if (!number) return 0;
  const long threads = PyLong_AsLong(number);
  Py_DECREF(number);
  if (threads < 1) return PyErr_Occurred() ? 0 : 1;
  return static_cast<int>(threads < count / kGrain ? threads : count / kGrain);
}

// Whether a dimension is reduced for an output.
bool is_reduced(const Program* p, int output, int d) {
  switch (p->forms[output]) {
    case tailrace::kEach: return false;
    case tailrace::kAlone: return true;
    case tailrace::kOfRows: return d >= p->split;
    default: return d < p->split;
  }
}

Sizes sizes_of(const Program* p, int output, const Sizes& all) {
  Sizes s;
  for (int d = 0; d < all.rank; ++d) {
    const bool reduced = is_reduced(p, output, d);
    if (reduced && !p->keeps[output]) continue;
    s.dims[s.rank] = reduced ? 1 : all.dims[d];
    s.count *= s.dims[s.rank++];
  }
  return s;
}

// Fills a reduced output of which there is nothing to reduce.
template <class T>
void fill_with_nothing(const Program* p, int output, int64_t count, char* address) {
  T value = 0;
  const T infinity = static_cast<T>(__builtin_inf());
  if (p->codes[output] == tailrace::kLargest - tailrace::kFirstReduction) value = -infinity;
  if (p->codes[output] == tailrace::kSmallest - tailrace::kFirstReduction) value = infinity;
  if (p->ends[output] == tailrace::kMean) value = infinity - infinity;
  T* out = reinterpret_cast<T*>(address);
  for (int64_t i = 0; i < count; ++i) out[i] = value;
}

// Whether it can be done with these sizes: the extremum of one number is this, whatever it is.
bool can_reduce(const Program* p, const Sizes& all) {
  for (int o = 0; o < p->program.outputs; ++o) {
    if (p->forms[o] == tailrace::kEach || p->codes[o] == 0) continue;
    if (all.count > 0 && sizes_of(p, o, all).count == all.count) return false;
  }
  return true;
}

// The outputs' tensors, filled; null with an error set when memory is short.
PyObject* compute(const Program* p, PyObject* const* args, const Work& w) {
  const int count = p->program.outputs;
  Owned* made[kMaxOutputs];
  char* addresses[kMaxOutputs];
  for (int o = 0; o < count; ++o) {
    const int reused = p->reused[o];
    if (reused >= 0 && has_sizes(w.views[reused], w.sizes) && is_contiguous(w.views[reused])) {
      made[o] = nullptr;
      addresses[o] = const_cast<char*>(w.inputs[reused].data);
      continue;
    }
    const bool whole = p->forms[o] == tailrace::kEach;
    const Sizes own = whole ? Sizes() : sizes_of(p, o, w.sizes);
    made[o] = new_tensor(whole ? w.sizes : own, p->output_types[o], p->api->version.minor);
    if (!made[o]) {
      while (o-- > 0) std::free(made[o]);
      return PyErr_NoMemory();
    }
    addresses[o] = reinterpret_cast<char*>(made[o]) + kHeader;
    if (!whole && w.sizes.count == 0) {
      if (p->program.lane_bytes == 4) {
        fill_with_nothing<float>(p, o, own.count, addresses[o]);
      } else {
        fill_with_nothing<double>(p, o, own.count, addresses[o]);
      }
    }
  }
  const tailrace::FuseCall call = {&p->program, w.inputs, addresses, w.rows, w.columns,
                                   0,           w.rows > 1 ? w.rows : w.columns};
  const int threads = w.sizes.count > 0 ? thread_count(p, w.sizes.count) : 1;
  int done = threads > 0;
  if (threads > 1) {
    Py_BEGIN_ALLOW_THREADS
    done = p->run(&call, threads);
    Py_END_ALLOW_THREADS
    if (!done) PyErr_NoMemory();
  } else if (done && w.sizes.count > 0) {
    done = p->run(&call, 1);
    if (!done) PyErr_NoMemory();
  }
  if (!done) {
    for (int o = 0; o < count; ++o) std::free(made[o]);
    return nullptr;
  }
  PyObject* results[kMaxOutputs];
  bool failed = false;
  for (int o = 0; o < count; ++o) {
    void* object = nullptr;
    if (!made[o]) {
      results[o] = Py_NewRef(args[p->reused[o]]);
      continue;
    }
    // takes the memory over, whether it succeeds or not
    failed = p->api->to_object(&made[o]->managed, &object) != 0 || failed;
    results[o] = static_cast<PyObject*>(object);
  }
  if (!failed && count == 1) return results[0];
  PyObject* tuple = failed ? nullptr : PyTuple_New(count);
  for (int o = 0; o < count; ++o) {
    if (tuple) {
      PyTuple_SET_ITEM(tuple, o, results[o]);
    } else {
      Py_XDECREF(results[o]);
    }
  }
  return tuple;
}

PyObject* run_with(const Program* p, PyObject* const* args, bool may_copy);

// Once more, with contiguous copies of those inputs that are not.
PyObject* run_with_copies(const Program* p, PyObject* const* args, const Work& w) {
  const int inputs = p->program.inputs;
  std::vector<PyObject*> copies(static_cast<size_t>(inputs), nullptr);
  bool failed = false;
  for (int i = 0; i < inputs && !failed; ++i) {
    copies[i] = is_contiguous(w.views[i]) ? Py_NewRef(args[i])
                                          : PyObject_CallMethod(args[i], "contiguous", nullptr);
    failed = copies[i] == nullptr;
  }
  PyObject* result = failed ? nullptr : run_with(p, copies.data(), false);
  for (PyObject* copy : copies) Py_XDECREF(copy);
  return result;
}

PyObject* run_with(const Program* p, PyObject* const* args, bool may_copy) {
  Work w;
  if (read_views(p, args, w) && broadcast(p, w) &&
      (p->program.reductions == 0 || can_reduce(p, w.sizes))) {
    if (w.sizes.count == 0 || arrange(p, w) == kFits) return compute(p, args, w);
    if (may_copy) return run_with_copies(p, args, w);
  }
  const size_t count = static_cast<size_t>(p->program.inputs);
  return PyObject_Vectorcall(p->fallback, args, count, nullptr);
}

PyObject* call_program(PyObject* self, PyObject* const* args, size_t flags, PyObject* names) {
  const Program* p = reinterpret_cast<Program*>(self);
  if (names || PyVectorcall_NARGS(flags) != p->program.inputs) {
    PyErr_Format(PyExc_TypeError, "the program takes %d tensors", p->program.inputs);
    return nullptr;
  }
  return run_with(p, args, true);
}

// -- construction ---------------------------------------------------------------------------------

void destroy(PyObject* self) {
  Program* p = reinterpret_cast<Program*>(self);
  Py_XDECREF(p->tensor_class);
  Py_XDECREF(p->fallback);
  Py_XDECREF(p->threads);
  PyMem_Free(p->code);
  PyMem_Free(p->constants);
  Py_TYPE(self)->tp_free(self);
}

// What Python hands over as bytes.
struct Bytes {
  const char* data;
  Py_ssize_t size;
};

template <class T>
T* copied(const Bytes& from) {
  T* to = static_cast<T*>(PyMem_Malloc(static_cast<size_t>(from.size) + 1));
  if (to) std::memcpy(to, from.data, static_cast<size_t>(from.size));
  return to;
}

// How outputs are reduced comes as four bytes: form, end, code (less the first one) and whether the
// dimensions are kept. Gives how many are.
int read_reductions(const Bytes& from, Program* p) {
  int found = 0;
  for (Py_ssize_t o = 0; o < from.size / 4; ++o) {
    const uint8_t* of = reinterpret_cast<const uint8_t*>(from.data) + 4 * o;
    p->forms[o] = of[0];
    p->ends[o] = of[1];
    p->codes[o] = of[2];
    p->keeps[o] = of[3];
    found += of[0] != tailrace::kEach;
  }
  return found;
}

// Types come as pairs of bytes: kind and number of bits.
void read_types(const Bytes& from, Type* types, uint8_t* sizes) {
  for (Py_ssize_t i = 0; i < from.size / 2; ++i) {
    types[i] = {static_cast<uint8_t>(from.data[2 * i]), static_cast<uint8_t>(from.data[2 * i + 1]),
                1};
    sizes[i] = types[i].bits / 8;
  }
}

// Program(run, api, tensor_class, fallback, threads, lane_bytes, temporaries, split, inputs, outputs,
//         reductions, depends, reused, constants, code), the last seven bytes
PyObject* create(PyTypeObject* type, PyObject* args, PyObject*) {
  unsigned long long run;
  PyObject *capsule, *tensor_class, *fallback, *threads;
  int lane_bytes, temporaries, split;
  Bytes inputs, outputs, reductions, depends, reused, constants, code;
  if (!PyArg_ParseTuple(args, "KOOOOiiiy#y#y#y#y#y#y#", &run, &capsule, &tensor_class, &fallback,
                        &threads, &lane_bytes, &temporaries, &split, &inputs.data, &inputs.size,
                        &outputs.data, &outputs.size, &reductions.data, &reductions.size,
                        &depends.data, &depends.size, &reused.data, &reused.size, &constants.data,
                        &constants.size, &code.data, &code.size)) {
    return nullptr;
  }
  void* api = PyCapsule_GetPointer(capsule, "dlpack_exchange_api");
  if (!api) return nullptr;
  if (inputs.size > 2 * kMaxInputs || outputs.size > 2 * kMaxOutputs) {
    PyErr_SetString(PyExc_ValueError, "a program has at most 64 inputs and 64 outputs");
    return nullptr;
  }
  Program* p = reinterpret_cast<Program*>(type->tp_alloc(type, 0));
  if (!p) return nullptr;
  p->vectorcall = call_program;
  p->run = reinterpret_cast<Run>(static_cast<uintptr_t>(run));
  p->api = static_cast<const ExchangeApi*>(api);
  p->tensor_class = reinterpret_cast<PyTypeObject*>(Py_NewRef(tensor_class));
  p->fallback = Py_NewRef(fallback);
  p->threads = Py_NewRef(threads);
  read_types(inputs, p->input_types, p->input_bytes);
  read_types(outputs, p->output_types, p->output_bytes);
  p->split = split;
  std::memcpy(p->depends, depends.data, static_cast<size_t>(depends.size));
  std::memcpy(p->reused, reused.data, static_cast<size_t>(reused.size));
  p->code = copied<tailrace::FuseInstruction>(code);
  p->constants = copied<uint64_t>(constants);
  if (!p->code || !p->constants) {
    Py_DECREF(p);
    return PyErr_NoMemory();
  }
  p->program = {lane_bytes,
                static_cast<int32_t>(inputs.size / 2),
                static_cast<int32_t>(constants.size / 8),
                static_cast<int32_t>(outputs.size / 2),
                temporaries,
                static_cast<int32_t>(code.size / static_cast<Py_ssize_t>(sizeof *p->code)),
                read_reductions(reductions, p),
                p->input_bytes,
                p->output_bytes,
                p->forms,
                p->ends,
                p->codes,
                p->constants,
                p->code};
  return reinterpret_cast<PyObject*>(p);
}

PyTypeObject program_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

PyModuleDef module = {PyModuleDef_HEAD_INIT, "_fused_call", "Element-wise programs.", -1,
                      nullptr,               nullptr,       nullptr,                  nullptr,
                      nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__fused_call() {
  program_type.tp_name = "tailrace.native._fused_call.Program";
  program_type.tp_basicsize = sizeof(Program);
  program_type.tp_dealloc = destroy;
  program_type.tp_vectorcall_offset = offsetof(Program, vectorcall);
  program_type.tp_call = PyVectorcall_Call;
  program_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL;
  program_type.tp_doc = "An element-wise program, called with its inputs.";
  program_type.tp_new = create;
  if (PyType_Ready(&program_type) < 0) return nullptr;
  PyObject* made = PyModule_Create(&module);
  if (!made) return nullptr;
  if (PyModule_AddObjectRef(made, "Program", reinterpret_cast<PyObject*>(&program_type)) < 0) {
    Py_DECREF(made);
    return nullptr;
  }
  return made;
}
