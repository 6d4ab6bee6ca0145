"""Records TensorFlow 1.15's random streams into streams.npz, for test_streams.py.

Run it under TensorFlow 1.15: python3.7 tests/unit/native/record_streams.py

A case is an op with attributes, and inputs for successive runs in one session. Long results are
thinned. An entry's name is its case as JSON, then the run, then the output.
"""

import json
from pathlib import Path

import numpy as np
import tensorflow as tf
from thinning import thinned

SEEDS = [(1, 0), (0, 7), (87654321, 5), (-3, -(2**40)), (2**62 + 11, 2**63 - 1)]
SIZES = [1, 6, 2053, 4, 300007]
FEW = [1, 6, 203]


def fills():
    """Cases of the ops whose only input is a shape (and bounds)."""
    for op in ["RandomUniform", "RandomStandardNormal", "TruncatedNormal"]:
        for dtype in ["float32", "float64", "float16", "bfloat16"]:
            for seed, seed2 in SEEDS if dtype == "float32" else SEEDS[2:4]:
                runs = [{"shape": [n]} for n in (SIZES if seed == 1 else SIZES[:4])]
                yield op, {"dtype": dtype, "seed": seed, "seed2": seed2}, runs
    for dtype, low, high in [
        ("int32", -5, 17),
        ("int32", -(2**31), 2**31 - 1),
        ("int64", 0, 1000),
        ("int64", -(2**63), 2**63 - 1),
    ]:
        runs = [{"shape": [n], "minval": low, "maxval": high} for n in SIZES]
        yield "RandomUniformInt", {"T": dtype, "seed": 3, "seed2": 9}, runs
    for op in ["StatelessRandomUniform", "StatelessRandomNormal", "StatelessTruncatedNormal"]:
        for dtype in ["float32", "float64", "float16"]:
            runs = [{"shape": [203], "seed": s} for s in [[1, 2], [-1, 2**31 - 1]]]
            yield op, {"dtype": dtype}, runs
    runs = [{"shape": [203], "seed": [3, 4], "minval": -3, "maxval": 90}]
    yield "StatelessRandomUniformInt", {"T": "int32"}, runs
    yield "StatelessRandomUniformInt", {"T": "int64"}, runs


def draws():
    """Cases of the ops that draw from given parameters."""
    for seed, seed2 in SEEDS[2:4]:
        seeds = {"seed": seed, "seed2": seed2}
        runs = [{"value": list(range(n))} for n in [1, 5, 2, 1000, 3]]
        yield "RandomShuffle", {"T": "int32", **seeds}, runs
        alphas = [0.01, 0.5, 1.0, 1.5, 30.0]
        yield (
            "RandomGamma",
            {"T": "float64", **seeds},
            [{"shape": [n], "alpha": alphas} for n in FEW],
        )
        rates = [0.0, 0.3, 5.0, 9.9, 10.0, 45.5, 3000.0]
        runs = [{"shape": [n], "rate": rates} for n in FEW]
        yield "RandomPoissonV2", {"R": "float64", "dtype": "float64", **seeds}, runs
        logits = [[0.0, 1.0, -2.0, 0.5], [-1e9, 3.0, 3.0, -np.inf], [5.0, np.nan, 5.0, 5.0]]
        for op, more in [("Multinomial", seeds), ("StatelessMultinomial", {})]:
            runs = [{"logits": logits, "num_samples": n} for n in FEW]
            for run in runs if not more else []:
                run["seed"] = [seed % 1000, 8]
            yield op, {"T": "float32", "output_dtype": "int64", **more}, runs


def bounded():
    """Cases of normals between bounds: by normals, by uniforms, by exponentials; mirrored."""
    inf = np.inf
    for mean, stddev, low, high in [
        (0.0, 1.0, -2.0, 2.0),
        (1.0, 2.0, -inf, 1.5),
        (0.0, 1.0, 0.1, 0.3),
        (0.0, 1.0, -0.4, -0.2),
        (0.0, 1.0, 2.0, inf),
        (3.0, 0.5, -inf, 1.0),
        (0.0, 1.0, -0.5, 0.7),
    ]:
        for dtype in ["float32", "float64"]:
            runs = [
                {"shape": [n], "means": mean, "stdevs": stddev, "minvals": low, "maxvals": high}
                for n in [3, 250, 7, 100]
            ]
            yield "ParameterizedTruncatedNormal", {"T": dtype, "seed": 4, "seed2": 6}, runs
    runs = [
        {
            "shape": [3, 5],
            "means": [0.0, 1.0, 2.0],
            "stdevs": [1.0, 2.0, 3.0],
            "minvals": [-1.0, 0.0, 3.0],
            "maxvals": [1.0, inf, 4.0],
        }
    ] * 3
    yield "ParameterizedTruncatedNormal", {"T": "float32", "seed": 4, "seed2": 6}, runs


def candidates():
    """Cases of the candidate samplers."""
    for unique in [False, True]:
        for op, more in [
            ("LogUniformCandidateSampler", {"range_max": 50}),
            ("UniformCandidateSampler", {"range_max": 50}),
            ("UniformCandidateSampler", {"range_max": 64}),
            ("LearnedUnigramCandidateSampler", {"range_max": 50}),
            (
                "FixedUnigramCandidateSampler",
                {"range_max": 8, "unigrams": [1.0, 5.0, 2.0, 0.5, 9.0, 3.0, 3.0, 1.0]},
            ),
            (
                "FixedUnigramCandidateSampler",
                {
                    "range_max": 6,
                    "unigrams": [1.0, 5.0, 2.0, 0.5],
                    "num_reserved_ids": 2,
                    "distortion": 0.75,
                },
            ),
            (
                "FixedUnigramCandidateSampler",
                {
                    "range_max": 4,
                    "unigrams": [1.0, 5.0, 2.0, 0.5, 9.0, 3.0, 3.0, 1.0],
                    "num_shards": 2,
                    "shard": 1,
                },
            ),
        ]:
            count = 3 if "unigrams" in more else 20
            for seed, seed2 in SEEDS[2:4]:
                attrs = {
                    "num_true": 2,
                    "num_sampled": count,
                    "unique": unique,
                    **more,
                    "seed": seed,
                    "seed2": seed2,
                }
                yield op, attrs, [{"true_classes": [[0, 3], [2, 5]]}] * 3


def placeholders(op, attrs, inputs):
    """One placeholder for each input of a run, of the type the op wants."""
    wants = {"shape": "int32", "seed": "int32", "num_samples": "int32", "true_classes": "int64"}
    own = next((attrs[k] for k in ("T", "R", "dtype") if k in attrs), None)
    return {name: tf.compat.v1.placeholder(wants.get(name, own), name=name) for name in inputs}


def record(op, attrs, runs):
    """The results of successive runs of one op in one session."""
    config = tf.compat.v1.ConfigProto()
    if op in ("Multinomial", "StatelessMultinomial", "ParameterizedTruncatedNormal"):
        config.intra_op_parallelism_threads = 1  # their result depends on the number of threads
    with tf.Graph().as_default(), tf.compat.v1.Session(config=config) as session:
        fed = placeholders(op, attrs, runs[0])
        fixed = {k: v for k, v in attrs.items() if k not in ("T", "R")}
        outputs = getattr(tf.raw_ops, op)(**fed, **fixed)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        fetches = [tf.cast(o, tf.float32) if o.dtype == tf.bfloat16 else o for o in outputs]
        return [session.run(fetches, {fed[k]: v for k, v in run.items()}) for run in runs]


def main():
    """Writes streams.npz beside this script."""
    stored = {}
    for make in [fills, draws, bounded, candidates]:
        for op, attrs, runs in make():
            case = json.dumps({"op": op, "attrs": attrs, "runs": runs}, sort_keys=True)
            results = record(op, attrs, runs)
            for i, outputs in enumerate(results):
                for j, values in enumerate(outputs):
                    stored[f"{case} {i} {j}"] = thinned(values)
    names = sorted(stored)
    arrays = {f"array_{i}": stored[name] for i, name in enumerate(names)}
    np.savez_compressed(Path(__file__).with_name("streams.npz"), names=np.array(names), **arrays)
    print(f"{len(names)} results recorded")


if __name__ == "__main__":
    main()
