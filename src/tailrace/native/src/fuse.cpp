#include "fuse.h"

#include "isa.h"
#include "parallel.h"

namespace tailrace {

TAILRACE_EXPORT(fuse, FuseCall)

}  // namespace tailrace

// Runs a program on up to `threads` threads; `begin` and `end` are not read.
TAILRACE_C void tailrace_fuse_run(const tailrace::FuseCall* args, int threads) {
  using namespace tailrace;
  const int64_t total = args->rows > 1 ? args->rows : args->columns;
  const auto work = [&](const Team& team) {
    // parts of a single row begin at cache lines
    const int64_t grain = args->rows > 1 ? 1 : 64;
    const int64_t grains = (total + grain - 1) / grain;
    FuseCall mine = *args;
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
