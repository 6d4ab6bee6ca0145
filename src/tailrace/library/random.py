"""Random tensors and the seeds that fix them.

An op's two seeds come from the graph's seed and its own; without one of its own, an op in a seeded
graph takes the number of nodes made so far, so that the same program draws the same numbers.

Source: TF 1.15 python/framework/random_seed.py, python/ops/random_ops.py, stateless_random_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tailrace import dtypes
from tailrace.dtypes import DType, as_dtype
from tailrace.graph import Tensor, convert_to_tensor, g, get_default_graph
from tailrace.library.arithmetic import add, maximum, subtract
from tailrace.library.control_flow import Assert
from tailrace.library.reductions import reduce_all
from tailrace.shapes import Dimension

DEFAULT_GRAPH_SEED = 87654321
_MAX_INT32 = 2**31 - 1
_UNIFORM_TYPES = (*dtypes.FLOATS, *dtypes.INDEX)


def set_random_seed(seed: int | None) -> None:
    """Sets the default graph's seed, which every random op made from now on takes into account."""
    get_default_graph().seed = seed


def get_seed(op_seed: int | None) -> tuple[int | None, int | None]:
    """The two seeds of an op; (None, None) when neither it nor the graph has one."""
    graph = get_default_graph()
    if graph.seed is None and op_seed is None:
        return None, None
    if op_seed is None:
        op_seed = graph._last_id
    graph_seed = DEFAULT_GRAPH_SEED if graph.seed is None else graph.seed % _MAX_INT32
    seeds = graph_seed, op_seed % _MAX_INT32
    # two zeros would ask for numbers nobody can foresee
    return (0, _MAX_INT32) if seeds == (0, 0) else seeds


def op_seeds(seed: int | None) -> dict[str, int | None]:
    """The `seed` and `seed2` attributes of an op that was given `seed`."""
    first, second = get_seed(seed)
    return {"seed": first, "seed2": second}


def _shape_tensor(shape: Any) -> Tensor:
    if isinstance(shape, (tuple, list)):
        sizes = [d.value if isinstance(d, Dimension) else d for d in shape]
        return convert_to_tensor(sizes, None if sizes else dtypes.int32, name="shape")
    return convert_to_tensor(shape, name="shape")


# -- uniform and normal ----------------------------------------------------------------------------


def random_uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Numbers uniform in [minval, maxval), by default [0, 1).

    Raises: ValueError for integers without `maxval` and for types that cannot be drawn.
    """
    return _uniform("random_uniform", shape, minval, maxval, as_dtype(dtype), name, seed=seed)


def stateless_random_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Numbers uniform in [minval, maxval), the same for the same seed [2]."""
    scope = "stateless_random_uniform"
    return _uniform(scope, shape, minval, maxval, as_dtype(dtype), name, key=seed)


def _uniform(
    scope: str,
    shape: Any,
    minval: Any,
    maxval: Any,
    dtype: DType,
    name: str | None,
    seed: int | None = None,
    key: Any = None,
) -> Tensor:
    if dtype not in _UNIFORM_TYPES:
        raise ValueError(f"Invalid dtype {dtype!r}")
    if maxval is None:
        if dtype.is_integer:
            raise ValueError(f"Must specify maxval for integer dtype {dtype!r}")
        maxval = 1
    with g.name_scope(name, scope) as full_name:
        size = _shape_tensor(shape)
        low = convert_to_tensor(minval, dtype, name="min")
        high = convert_to_tensor(maxval, dtype, name="max")
        if dtype.is_integer and key is None:
            return g.RandomUniformInt(size, low, high, **op_seeds(seed), name=full_name)
        if dtype.is_integer:
            return g.StatelessRandomUniformInt(size, key, low, high, name=full_name)
        if key is None:
            drawn = g.RandomUniform(size, dtype=dtype, **op_seeds(seed))
        else:
            drawn = g.StatelessRandomUniform(size, key, dtype=dtype)
        width = subtract(high, low, name="sub")
        return add(drawn * width, low, name=full_name)


def random_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers."""
    with g.name_scope(name, "random_normal") as scope:
        size, mean, stddev = _normal_arguments(shape, mean, stddev, dtype)
        drawn = g.RandomStandardNormal(size, dtype=dtype, **op_seeds(seed))
        return add(drawn * stddev, mean, name=scope)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers, drawn again when more than two deviations from the mean."""
    with g.name_scope(name, "truncated_normal") as scope:
        size, mean, stddev = _normal_arguments(shape, mean, stddev, dtype)
        drawn = g.TruncatedNormal(size, dtype=dtype, **op_seeds(seed))
        return add(drawn * stddev, mean, name=scope)


def stateless_random_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Normal numbers, the same for the same seed [2]."""
    with g.name_scope(name, "stateless_random_normal") as scope:
        size, mean, stddev = _normal_arguments(shape, mean, stddev, dtype)
        return add(g.StatelessRandomNormal(size, seed, dtype=dtype) * stddev, mean, name=scope)


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Normal numbers within two deviations of the mean, the same for the same seed [2]."""
    with g.name_scope(name, "stateless_truncated_normal") as scope:
        size, mean, stddev = _normal_arguments(shape, mean, stddev, dtype)
        return add(g.StatelessTruncatedNormal(size, seed, dtype=dtype) * stddev, mean, name=scope)


def _normal_arguments(shape: Any, mean: Any, stddev: Any, dtype: Any) -> tuple[Tensor, ...]:
    return (
        _shape_tensor(shape),
        convert_to_tensor(mean, dtype, name="mean"),
        convert_to_tensor(stddev, dtype, name="stddev"),
    )


def parameterized_truncated_normal(
    shape: Any,
    means: Any = 0.0,
    stddevs: Any = 1.0,
    minvals: Any = -2.0,
    maxvals: Any = 2.0,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Normal numbers between bounds; parameters are scalars or vary along the first dimension."""
    given = {"means": means, "stddevs": stddevs, "minvals": minvals, "maxvals": maxvals}
    with g.name_scope(name, "parameterized_truncated_normal"):
        size = _shape_tensor(shape)
        tensors = [convert_to_tensor(value, dtype, name=key) for key, value in given.items()]
        return g.ParameterizedTruncatedNormal(size, *tensors, **op_seeds(seed))


# -- order and choice ------------------------------------------------------------------------------


def random_shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """The rows of a tensor in random order."""
    return g.RandomShuffle(value, **op_seeds(seed), name=name)


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Tensor:
    """A piece of shape `size`, cut out anywhere. Raises in the run when `value` is too small."""
    with g.name_scope(name, "random_crop") as scope:
        value = convert_to_tensor(value, name="value")
        size = convert_to_tensor(size, dtypes.int32, name="size")
        shape = g.shape(value)
        fits = reduce_all(shape >= size)
        message = ["Need value.shape >= size, got ", shape, size]
        check = Assert(fits, message, summarize=1000)
        shape = g.with_dependencies([check], shape)
        limit = shape - size + 1
        drawn = random_uniform(g.shape(shape), dtype=size.dtype, maxval=size.dtype.max, seed=seed)
        return g.Slice(value, drawn % limit, size, name=scope)


def multinomial(
    logits: Any,
    num_samples: Any,
    seed: int | None = None,
    name: str | None = None,
    output_dtype: Any = None,
) -> Tensor:
    """Classes by unnormalised log-probabilities: logits [B, C] -> [B, num_samples]."""
    with g.name_scope(name, "multinomial"):
        return _multinomial(logits, num_samples, output_dtype, seed)


def categorical(
    logits: Any,
    num_samples: Any,
    dtype: Any = None,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Classes by unnormalised log-probabilities: logits [B, C] -> [B, num_samples]."""
    with g.name_scope(name, "categorical"):
        return _multinomial(logits, num_samples, dtype, seed)


def _multinomial(logits: Any, num_samples: Any, dtype: Any, seed: int | None) -> Tensor:
    logits = convert_to_tensor(logits, name="logits")
    return g.Multinomial(logits, num_samples, output_dtype=dtype, **op_seeds(seed))


def stateless_multinomial(
    logits: Any,
    num_samples: Any,
    seed: Any,
    output_dtype: Any = dtypes.int64,
    name: str | None = None,
) -> Tensor:
    """Classes by unnormalised log-probabilities, the same for the same seed [2]."""
    with g.name_scope(name, "stateless_multinomial"):
        logits = convert_to_tensor(logits, name="logits")
        return g.StatelessMultinomial(logits, num_samples, seed, output_dtype=output_dtype)


def stateless_categorical(
    logits: Any, num_samples: Any, seed: Any, dtype: Any = dtypes.int64, name: str | None = None
) -> Tensor:
    """Classes by unnormalised log-probabilities, the same for the same seed [2]."""
    with g.name_scope(name, "stateless_categorical"):
        logits = convert_to_tensor(logits, name="logits")
        return g.StatelessMultinomial(logits, num_samples, seed, output_dtype=dtype)


# -- gamma and Poisson -----------------------------------------------------------------------------


def random_gamma(
    shape: Any,
    alpha: Any,
    beta: Any = None,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Gamma numbers, `shape` of them for each alpha and beta (shape and inverse scale).

    Shapes: alpha and beta broadcast -> [*shape, ...]. They are differentiable by both.
    """
    with g.name_scope(name, "random_gamma"):
        shape = convert_to_tensor(shape, dtypes.int32, name="shape")
        alpha = convert_to_tensor(alpha, dtype, name="alpha")
        beta = convert_to_tensor(1 if beta is None else beta, dtype, name="beta")
        wide = alpha + g.zeros_like(beta)
        tiny = np.finfo(alpha.dtype.as_numpy_dtype).tiny
        return maximum(tiny, g.RandomGamma(shape, wide, **op_seeds(seed)) / beta)


def random_poisson(
    lam: Any,
    shape: Any,
    dtype: Any = dtypes.float32,
    seed: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Poisson numbers, `shape` of them for each rate. Shapes: lam [...] -> [*shape, ...]."""
    with g.name_scope(name, "random_poisson"):
        shape = convert_to_tensor(shape, dtypes.int32, name="shape")
        return g.RandomPoissonV2(shape, lam, dtype=dtype, **op_seeds(seed))
