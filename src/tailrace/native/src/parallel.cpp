#include "parallel.h"

#include <cstdlib>
#include <new>

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#endif

namespace tailrace {
namespace {

// The part of GNU's OpenMP interface in use, which LLVM's and Intel's runtimes offer as well.
struct OpenMp {
  void (*parallel)(void (*)(void*), void*, unsigned, unsigned) = nullptr;
  void (*barrier)() = nullptr;
  int (*rank)() = nullptr;
  int (*size)() = nullptr;

  OpenMp() {
#if defined(__unix__) || defined(__APPLE__)
    find(parallel, "GOMP_parallel");
    find(barrier, "GOMP_barrier");
    find(rank, "omp_get_thread_num");
    find(size, "omp_get_num_threads");
#endif
  }

  bool found() const { return parallel && barrier && rank && size; }

 private:
#if defined(__unix__) || defined(__APPLE__)
  template <class Function>
  static void find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
  }
#endif
};

const OpenMp& openmp() {
  static const OpenMp found;
  return found;
}

struct Call {
  void (*body)(void*, const Team&);
  void* context;
};

void enter(void* data) {
  const Call& call = *static_cast<Call*>(data);
  call.body(call.context, Team{openmp().rank(), openmp().size()});
}

struct Kept {
  void* memory = nullptr;
  unsigned long bytes = 0;
  ~Kept() { std::free(memory); }
};

}  // namespace

void Team::wait() const {
  if (size > 1) openmp().barrier();
}

void run_team(int threads, void (*body)(void*, const Team&), void* context) {
  if (threads < 2 || !openmp().found()) {
    body(context, Team{0, 1});
    return;
  }
  Call call{body, context};
  openmp().parallel(enter, &call, static_cast<unsigned>(threads), 0);
}

void* workspace(unsigned long bytes) {
  constexpr unsigned long kLine = 64;
  thread_local Kept kept;
  if (bytes > kept.bytes) {
    std::free(kept.memory);
    kept.bytes = 0;
    const unsigned long rounded = (bytes + kLine - 1) / kLine * kLine;
    kept.memory = std::aligned_alloc(kLine, rounded);
    if (!kept.memory) throw std::bad_alloc();
    kept.bytes = rounded;
  }
  return kept.memory;
}

}  // namespace tailrace
