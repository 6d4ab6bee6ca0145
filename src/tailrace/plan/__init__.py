"""From fetches and feeds to a plan: what to run, in what order, as one Python function.

A plan is made by passes, each a function of a plan on a page of its own: `prune` finds the
operations needed, `fold` computes what never varies, `twins` merges equal computations,
`control_flow` raises loops and conditionals to blocks, `packed` takes apart what lies side by side,
`chains` puts layers in place of unrolled recurrent cells (`match` finds them, `layer` writes them
down), `state` orders reads and writes of variables, `loosen` drops waiting that nobody could
notice, `rows` sums before it multiplies, `products` and `fuse` do several steps in one call and
`bundles` all small ones, `schedule` puts all in a line, `reuse` has steps write over what is done
with, `codegen` writes it down.
"""

from tailrace.plan.ir import Plan, Step, Value
from tailrace.plan.planner import PASSES, make_plan, tells_sizes

__all__ = ["PASSES", "Plan", "Step", "Value", "make_plan", "tells_sizes"]
