// Teams of threads from the OpenMP runtime that the process already has.
//
// PyTorch brings one (its own libgomp) and computes with it; a second pool of threads beside it would
// fight with the first for the processors. So the library neither links nor needs OpenMP: it looks
// the runtime's entry points up in the process, and without them works on one thread.

#pragma once

namespace tailrace {

// One thread's place in its team.
struct Team {
  int rank, size;

  // Waits for all of the team.
  void wait() const;
};

// Calls body(context, team) on `threads` threads at once, or on fewer if there are none to be had.
void run_team(int threads, void (*body)(void*, const Team&), void* context);

// Calls body(team) on each thread of a team.
template <class Body>
static void parallel(int threads, const Body& body) {
  run_team(
      threads, [](void* context, const Team& team) { (*static_cast<const Body*>(context))(team); },
      const_cast<Body*>(&body));
}

// Where part `rank` of `size` nearly equal parts of `total` things begins.
static inline long part(long total, int rank, int size) { return total * rank / size; }

// Memory for `bytes` bytes, aligned to cache lines. It belongs to the calling thread and is kept, so
// that the next call finds its pages mapped; each call makes what the one before gave void.
void* workspace(unsigned long bytes);

}  // namespace tailrace
