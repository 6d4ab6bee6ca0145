"""The random streams against TensorFlow 1.15's, recorded by record_streams.py."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.native.thinning import thinned

from tailrace.native import library, loader, random, sampling
from tailrace.native.philox import Generator, Position

RECORDED = Path(__file__).with_name("streams.npz")
MANTISSA = {"float16": 10, "bfloat16": 7}


def _recorded() -> dict[str, list[list[np.ndarray]]]:
    """Case (JSON) -> outputs by run."""
    cases: dict[str, dict[tuple[int, int], np.ndarray]] = {}
    with np.load(RECORDED) as file:
        for i, name in enumerate(file["names"].tolist()):
            case, run, output = name.rsplit(" ", 2)
            cases.setdefault(case, {})[int(run), int(output)] = file[f"array_{i}"]
    return {
        case: [
            [v for (r, _), v in sorted(found.items()) if r == run] for run in range(_runs(found))
        ]
        for case, found in cases.items()
    }


def _runs(found: dict[tuple[int, int], np.ndarray]) -> int:
    return 1 + max(run for run, _ in found)


CASES = _recorded()


def cases(*, candidates: bool) -> list[Any]:
    """The cases of candidate samplers, or all others, named after op and attributes."""
    chosen = [c for c in CASES if ("CandidateSampler" in c) == candidates]
    return [pytest.param(c, id=_title(**json.loads(c))) for c in chosen]


def _title(op: str, attrs: dict[str, Any], runs: list[dict[str, Any]]) -> str:
    return "-".join([op, *(str(value) for value in attrs.values())])


@pytest.fixture(params=["native", "numpy"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each test runs on both paths."""
    if request.param == "native":
        assert library() is not None, "build the native library first: make test"
    else:
        monkeypatch.setenv("TAILRACE_NATIVE", "0")
        loader.library.cache_clear()
    yield request.param
    loader.library.cache_clear()


def short(dtype: str, values: np.ndarray) -> np.ndarray:
    """What float32 numbers are in a shorter type; bfloat16 ones are recorded as float32."""
    if dtype == "float16":
        return values.astype(np.float16)
    bits = values.view(np.uint32).astype(np.uint64)
    rounded = bits + 0x7FFF + (bits >> np.uint64(16) & np.uint64(1))
    return (rounded & np.uint64(0xFFFF0000)).astype(np.uint32).view(np.float32)


def fill(kind: str, start: Position, count: int, dtype: str) -> np.ndarray:
    """Numbers of a kind in any of TF's float types."""
    if kind == "Uniform" and dtype in MANTISSA:
        return short(dtype, random.uniform_short(start, count, MANTISSA[dtype]))
    function = {
        "Uniform": random.uniform,
        "StandardNormal": random.normal,
        "Normal": random.normal,
        "TruncatedNormal": random.truncated_normal,
    }[kind]
    if dtype in MANTISSA:
        return short(dtype, function(start, count, np.float32))
    return function(start, count, {"float32": np.float32, "float64": np.float64}[dtype])


def run_op(op: str, attrs: dict[str, Any], run: dict[str, Any], stream: Generator) -> Any:
    """One run of an op; the stream moves on as TF's does."""
    if op.startswith("Stateless"):
        stream_start = Position.stateless(*run["seed"])
        kind = op.removeprefix("Stateless").removeprefix("Random")
        return RUN[kind](attrs, run, lambda _: stream_start)
    return RUN[op.removeprefix("Random")](attrs, run, stream.reserve)


def _fills(kind: str):
    def of(attrs, run, reserve):
        (count,) = run["shape"]
        start = reserve(count * random.BLOCKS_PER_NUMBER)
        return fill(kind.removeprefix("Random"), start, count, attrs["dtype"])

    return of


def _uniform_int(attrs, run, reserve):
    (count,) = run["shape"]
    start = reserve(count * random.BLOCKS_PER_NUMBER)
    bits = {"int32": 32, "int64": 64}[attrs["T"]]
    return random.uniform_int(start, count, run["minval"], run["maxval"], bits)


def _shuffle(attrs, run, reserve):
    count = len(run["value"])
    if count <= 1:
        return np.array(run["value"])
    return random.permutation(reserve(-(-(count - 1) // 4)), count)


def _gamma(attrs, run, reserve):
    alphas, (samples,) = np.array(run["alpha"]), run["shape"]
    start = reserve(samples * alphas.size * random.BLOCKS_PER_NUMBER)
    return random.gamma(start, samples, alphas)


def _poisson(attrs, run, reserve):
    rates, (samples,) = np.array(run["rate"]), run["shape"]
    start = reserve(samples * rates.size * random.BLOCKS_PER_NUMBER)
    return random.poisson(start, samples, rates, sys.float_info.max)


def _multinomial(attrs, run, reserve):
    logits, samples = np.array(run["logits"], np.float32), run["num_samples"]
    start = reserve(len(logits) * -(-samples // 4) * 8 * random.BLOCKS_PER_NUMBER)
    return sampling.multinomial(start, logits, samples)


def _between(attrs, run, reserve):
    dtype = {"float32": np.float32, "float64": np.float64}[attrs["T"]]
    names = ["means", "stdevs", "minvals", "maxvals"]
    parameters = [np.array(run[name], dtype) for name in names]
    count = int(np.prod(run["shape"]))
    if parameters[0].ndim == 0:
        counts, samples = sampling.batches(count), sampling.BATCH
        rows = [sampling.Bounds(*(p.flat[0] for p in parameters))] * len(counts)
    else:
        rows = [sampling.Bounds(*row) for row in zip(*parameters, strict=True)]
        samples = count // len(rows)
        counts = [samples] * len(rows)
    start = reserve(sampling.blocks_between(len(rows), samples))
    return sampling.normal_between(start, counts, rows).reshape(run["shape"])


def sampler(op: str, attrs: dict[str, Any]) -> sampling.Sampler:
    """The distribution of a candidate sampler op."""
    count = attrs["range_max"]
    if op.startswith("Fixed"):
        return sampling.Fixed(
            sampling.unigram_weights(
                attrs["unigrams"],
                distortion=attrs.get("distortion", 1.0),
                reserved=attrs.get("num_reserved_ids", 0),
                shards=attrs.get("num_shards", 1),
                shard=attrs.get("shard", 0),
            )
        )
    kinds = {"Log": sampling.LogUniform, "Uni": sampling.Uniform, "Lea": sampling.Learned}
    return kinds[op[:3]](count)


RUN = {
    **{k: _fills(k) for k in ["Uniform", "StandardNormal", "Normal", "TruncatedNormal"]},
    "UniformInt": _uniform_int,
    "Shuffle": _shuffle,
    "Gamma": _gamma,
    "PoissonV2": _poisson,
    "Multinomial": _multinomial,
    "ParameterizedTruncatedNormal": _between,
}


def check(op: str, dtype: str, got: np.ndarray, want: np.ndarray) -> None:
    """Uniforms and integers exactly, the rest to 1e-6; a short type may round a few otherwise."""
    got = thinned(np.asarray(got))
    assert got.shape == want.shape
    if dtype in MANTISSA:
        assert np.mean(got != want) < 0.002
        np.testing.assert_allclose(got, want, rtol=2.0 ** -MANTISSA[dtype])
        return
    if "Uniform" in op or want.dtype.kind == "i" or "Poisson" in op:
        np.testing.assert_array_equal(got, want)
    else:
        # shifted and scaled numbers may cancel: two last bits at the scale of the parameters
        atol = 5e-7 if op == "ParameterizedTruncatedNormal" else 0.0
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=atol)


@pytest.mark.parametrize("case", cases(candidates=False))
def test_streams(case: str, path: str):
    told = json.loads(case)
    op, attrs = told["op"], told["attrs"]
    stream = Generator(attrs.get("seed", 1), attrs.get("seed2", 1))
    for run, (want,) in zip(told["runs"], CASES[case], strict=True):
        check(op, attrs.get("dtype", ""), run_op(op, attrs, run, stream), want)


@pytest.mark.parametrize("case", cases(candidates=True))
def test_candidates(case: str, path: str):
    told = json.loads(case)
    attrs = told["attrs"]
    stream = Generator(attrs["seed"], attrs["seed2"])
    distribution = sampler(told["op"], attrs)
    for run, want in zip(told["runs"], CASES[case], strict=True):
        count, true = attrs["num_sampled"], np.array(run["true_classes"])
        start = stream.reserve(count * sampling.WORDS_PER_CANDIDATE // 4)
        got = sampling.candidates(start, distribution, count, true, unique=attrs["unique"])
        np.testing.assert_array_equal(got.sampled, want[0])
        np.testing.assert_allclose(got.true_expected, want[1], rtol=1e-6)
        np.testing.assert_allclose(got.sampled_expected, want[2], rtol=1e-6)
        if isinstance(distribution, sampling.Learned):
            distribution.update(true)


@pytest.mark.parametrize("unique", [False, True])
@pytest.mark.parametrize("sizes", [(50000, 64), (70, 64), (10, 10), (1, 1)])
def test_ids_drawn_by_the_library_are_those_drawn_one_by_one(sizes, unique):
    classes, count = sizes
    start, known = Position(12345, (1 << 64) - 3), np.arange(min(classes, 5))
    log_uniform = sampling.LogUniform(classes)
    found = sampling.candidates(start, log_uniform, count, known, unique=unique)
    ids, tries = sampling._drawn_all(start, log_uniform, count, unique)
    np.testing.assert_array_equal(found.sampled, ids)
    probability = log_uniform.probability(known)
    exact = probability * count if tries == count else 1 - (1 - probability) ** tries
    np.testing.assert_allclose(found.true_expected, exact, rtol=1e-5)
