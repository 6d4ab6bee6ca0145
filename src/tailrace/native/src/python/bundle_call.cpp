// tailrace.native._bundle_call: programs of small steps (src/bundle.h) as Python callables on torch
// tensors. Sizes and types are those the program was written for; for tensors that are others, and
// where the program gives up, the fallback is called.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "bundle.h"
#include "python/tensors.h"

namespace {

using namespace tailrace;

constexpr Py_ssize_t kMostTensors = 64;

struct Expected {
  Type type;
  Sizes sizes;
};

using Run = int (*)(const Bundle*, char* const*);

struct Call {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  Run run;
  const Bundle* bundle;
  const ExchangeApi* api;
  PyTypeObject* tensor_class;
  PyObject *fallback, *kept;  // `kept` owns what the bundle refers to
  Py_ssize_t inputs, outputs;
  Expected tensors[2 * kMostTensors];  // inputs, then outputs
};

enum Fit { kFits, kNeedsCopies, kUnfit };

// Whether the arguments are as expected; their addresses.
Fit read(const Call* p, PyObject* const* args, char** addresses) {
  Fit fit = kFits;
  for (Py_ssize_t i = 0; i < p->inputs; ++i) {
    const Expected& e = p->tensors[i];
    TensorView v;
    if (Py_TYPE(args[i]) != p->tensor_class) return kUnfit;
    if (p->api->view(args[i], &v) != 0) {
      PyErr_Clear();
      return kUnfit;
    }
    if (v.device_type != kCpu || v.type.code != e.type.code || v.type.bits != e.type.bits ||
        v.rank != e.sizes.rank ||
        std::memcmp(v.shape, e.sizes.dims, sizeof(int64_t) * static_cast<size_t>(v.rank)) != 0) {
      return kUnfit;
    }
    if (!is_contiguous(v)) fit = kNeedsCopies;
    addresses[i] = static_cast<char*>(v.data) + v.byte_offset;
  }
  return fit;
}

PyObject* call_fallback(const Call* p, PyObject* const* args) {
  return PyObject_Vectorcall(p->fallback, args, static_cast<size_t>(p->inputs), nullptr);
}

// Tensors in place of what was computed into `made`; null with an error set when memory is short.
PyObject* handed_over(const Call* p, Owned** made) {
  PyObject* results[kMostTensors];
  bool failed = false;
  for (Py_ssize_t o = 0; o < p->outputs; ++o) {
    void* object = nullptr;
    // takes the memory over, whether it succeeds or not
    failed = p->api->to_object(&made[o]->managed, &object) != 0 || failed;
    results[o] = static_cast<PyObject*>(object);
  }
  if (!failed && p->outputs == 1) return results[0];
  PyObject* tuple = failed ? nullptr : PyTuple_New(p->outputs);
  for (Py_ssize_t o = 0; o < p->outputs; ++o) {
    if (tuple) {
      PyTuple_SET_ITEM(tuple, o, results[o]);
    } else {
      Py_XDECREF(results[o]);
    }
  }
  return tuple;
}

PyObject* compute(const Call* p, PyObject* const* args, char** addresses) {
  Owned* made[kMostTensors];
  for (Py_ssize_t o = 0; o < p->outputs; ++o) {
    const Expected& e = p->tensors[p->inputs + o];
    made[o] = new_tensor(e.sizes, e.type, p->api->version.minor);
    if (!made[o]) {
      while (o-- > 0) std::free(made[o]);
      return PyErr_NoMemory();
    }
    addresses[p->inputs + o] = reinterpret_cast<char*>(made[o]) + kHeader;
  }
  if (p->run(p->bundle, addresses)) return handed_over(p, made);
  for (Py_ssize_t o = 0; o < p->outputs; ++o) std::free(made[o]);
  return call_fallback(p, args);
}

PyObject* compute_with_copies(const Call* p, PyObject* const* args) {
  std::vector<PyObject*> copies;
  char* addresses[2 * kMostTensors];
  PyObject* result = nullptr;
  for (Py_ssize_t i = 0; i < p->inputs; ++i) {
    PyObject* copy = PyObject_CallMethod(args[i], "contiguous", nullptr);
    if (!copy) break;
    copies.push_back(copy);
  }
  if (static_cast<Py_ssize_t>(copies.size()) == p->inputs) {
    result = read(p, copies.data(), addresses) == kFits ? compute(p, copies.data(), addresses)
                                                        : call_fallback(p, args);
  }
  for (PyObject* copy : copies) Py_DECREF(copy);
  return result;
}

PyObject* call(PyObject* self, PyObject* const* args, size_t flags, PyObject* names) {
  const Call* p = reinterpret_cast<Call*>(self);
  if (names || PyVectorcall_NARGS(flags) != p->inputs) {
    PyErr_Format(PyExc_TypeError, "the bundle takes %zd tensors", p->inputs);
    return nullptr;
  }
  char* addresses[2 * kMostTensors];
  switch (read(p, args, addresses)) {
    case kFits: return compute(p, args, addresses);
    case kNeedsCopies: return compute_with_copies(p, args);
    default: return call_fallback(p, args);
  }
}

// -- construction ---------------------------------------------------------------------------------

void destroy(PyObject* self) {
  Call* p = reinterpret_cast<Call*>(self);
  Py_XDECREF(p->tensor_class);
  Py_XDECREF(p->fallback);
  Py_XDECREF(p->kept);
  Py_TYPE(self)->tp_free(self);
}

// Words: of each tensor DLPack's kind and number of bits, rank, sizes. Gives how many tensors, -1
// where there are too many or too large ones.
Py_ssize_t read_expected(const char* bytes, Py_ssize_t size, Expected* tensors) {
  const int64_t* words = reinterpret_cast<const int64_t*>(bytes);
  const int64_t* const end = words + size / static_cast<Py_ssize_t>(sizeof(int64_t));
  Py_ssize_t count = 0;
  while (words < end) {
    if (count == kMostTensors || words[2] > kMaxRank) return -1;
    Expected& e = tensors[count++];
    e.type = {static_cast<uint8_t>(words[0]), static_cast<uint8_t>(words[1]), 1};
    e.sizes = Sizes{};
    e.sizes.rank = static_cast<int>(words[2]);
    words += 3;
    for (int d = 0; d < e.sizes.rank; ++d) e.sizes.count *= e.sizes.dims[d] = *words++;
  }
  return count;
}

// Call(run, api, tensor_class, fallback, bundle, kept, inputs, outputs): addresses of the function and
// the bundle as numbers, the tensors expected as bytes
PyObject* create(PyTypeObject* type, PyObject* args, PyObject*) {
  unsigned long long run, bundle;
  PyObject *capsule, *tensor_class, *fallback, *kept;
  const char *inputs, *outputs;
  Py_ssize_t inputs_size, outputs_size;
  if (!PyArg_ParseTuple(args, "KOOOKOy#y#", &run, &capsule, &tensor_class, &fallback, &bundle, &kept,
                        &inputs, &inputs_size, &outputs, &outputs_size)) {
    return nullptr;
  }
  void* api = PyCapsule_GetPointer(capsule, "dlpack_exchange_api");
  if (!api) return nullptr;
  Call* p = reinterpret_cast<Call*>(type->tp_alloc(type, 0));
  if (!p) return nullptr;
  p->vectorcall = call;
  p->run = reinterpret_cast<Run>(static_cast<uintptr_t>(run));
  p->bundle = reinterpret_cast<const Bundle*>(static_cast<uintptr_t>(bundle));
  p->api = static_cast<const ExchangeApi*>(api);
  p->tensor_class = reinterpret_cast<PyTypeObject*>(Py_NewRef(tensor_class));
  p->fallback = Py_NewRef(fallback);
  p->kept = Py_NewRef(kept);
  p->inputs = read_expected(inputs, inputs_size, p->tensors);
  p->outputs = p->inputs < 0 ? -1 : read_expected(outputs, outputs_size, p->tensors + p->inputs);
  if (p->outputs < 0) {
    Py_DECREF(p);
    PyErr_SetString(PyExc_ValueError, "a bundle has at most 64 inputs and outputs, of 8 dimensions");
    return nullptr;
  }
  return reinterpret_cast<PyObject*>(p);
}

PyTypeObject call_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

PyModuleDef module = {PyModuleDef_HEAD_INIT, "_bundle_call", "Programs of small steps.", -1, nullptr,
                      nullptr,               nullptr,        nullptr,                    nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__bundle_call() {
  call_type.tp_name = "tailrace.native._bundle_call.Call";
  call_type.tp_basicsize = sizeof(Call);
  call_type.tp_dealloc = destroy;
  call_type.tp_vectorcall_offset = offsetof(Call, vectorcall);
  call_type.tp_call = PyVectorcall_Call;
  call_type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL;
  call_type.tp_doc = "A program of small steps, called with its inputs.";
  call_type.tp_new = create;
  if (PyType_Ready(&call_type) < 0) return nullptr;
  PyObject* made = PyModule_Create(&module);
  if (!made) return nullptr;
  if (PyModule_AddObjectRef(made, "Call", reinterpret_cast<PyObject*>(&call_type)) < 0) {
    Py_DECREF(made);
    return nullptr;
  }
  return made;
}
