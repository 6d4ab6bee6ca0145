"""`tf.data.Options`: how datasets are computed. Kept and given back; nothing here follows them.

Source: TF 1.15 python/data/ops/dataset_ops.py (Options), python/data/experimental/ops/
{optimization_options,threading_options,stats_options,distribute_options}.py.
"""

from __future__ import annotations

from typing import Any


class _Holder:
    """Settings by name, None until they are set."""

    _names: tuple[str, ...] = ()

    def __init__(self) -> None:
        for name in self._names:
            object.__setattr__(self, name, None)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._names:
            raise AttributeError(f"Cannot set the property {name} on {type(self).__name__}.")
        object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]


class OptimizationOptions(_Holder):
    """Which rewrites of the graph TensorFlow may make."""

    _names = (
        "apply_default_optimizations",
        "autotune",
        "autotune_algorithm",
        "autotune_buffers",
        "autotune_cpu_budget",
        "filter_fusion",
        "filter_with_random_uniform_fusion",
        "hoist_random_uniform",
        "map_and_batch_fusion",
        "map_and_filter_fusion",
        "map_fusion",
        "map_parallelization",
        "map_vectorization",
        "noop_elimination",
        "parallel_batch",
        "shuffle_and_repeat_fusion",
    )


class ThreadingOptions(_Holder):
    """How many threads."""

    _names = ("max_intra_op_parallelism", "private_threadpool_size")


class StatsOptions(_Holder):
    """What is measured."""

    _names = ("aggregator", "counter_prefix", "latency_all_edges", "prefix")


class DistributeOptions(_Holder):
    """How elements are shared among machines."""

    _names = ("auto_shard", "num_devices")


class Options(_Holder):
    """Options for `Dataset.with_options`. Raises: AttributeError for a name that there is not."""

    _names = (
        "experimental_deterministic",
        "experimental_distribute",
        "experimental_optimization",
        "experimental_slack",
        "experimental_stateful_whitelist",
        "experimental_stats",
        "experimental_threading",
    )

    def __init__(self) -> None:
        super().__init__()
        self.experimental_distribute = DistributeOptions()
        self.experimental_optimization = OptimizationOptions()
        self.experimental_stats = StatsOptions()
        self.experimental_threading = ThreadingOptions()

    def merge(self, options: Options) -> Options:
        """These options, and those of the other that are set."""
        merged = Options()
        for source in (self, options):
            _copy(source, merged)
        return merged


def _copy(source: _Holder, target: _Holder) -> None:
    for name, value in vars(source).items():
        if isinstance(value, _Holder):
            _copy(value, getattr(target, name))
        elif value is not None:
            setattr(target, name, value)
