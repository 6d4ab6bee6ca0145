"""Candidate samplers: the classes that sampled softmax and noise-contrastive estimation look at.

Each gives the sampled classes and, for those and for the true ones, how often a class is expected
among the samples.

Source: TF 1.15 core/ops/candidate_sampling_ops.cc, core/kernels/candidate_sampler_ops.cc.
"""

from __future__ import annotations

import numpy as np
import torch

from tailrace import errors
from tailrace.native import sampling
from tailrace.native.philox import Generator
from tailrace.registry import REQUIRED, Attr, op
from tailrace.shapes import agree, with_rank

_SIGNATURE = (
    "true_classes: int64 -> sampled_candidates: int64, true_expected_count: float32, "
    "sampled_expected_count: float32"
)
_COUNT = Attr("int", minimum=1)
_ATTRS = {"num_true": _COUNT, "num_sampled": _COUNT, "unique": Attr("bool"), "seed": 0, "seed2": 0}
_STATEFUL = {"_stateful": True, "_context": True}
_LOWEST = torch.finfo(torch.float32).min


def _checked(true_classes, num_true):
    if true_classes.ndim != 2 or true_classes.shape[1] != num_true:
        raise errors.invalid(
            f"true_classes must be a matrix of num_true = {num_true} columns, but its shape is "
            f"{list(true_classes.shape)}"
        )
    return true_classes.numpy()


def _kept(ctx, what, make):
    """What this op keeps in the session, made on its first run."""
    found = ctx.state.get(what)
    return ctx.state.setdefault(what, make()) if found is None else found


def _sample(ctx, true_classes, sampler, count):
    true = _checked(true_classes, ctx.attr("num_true"))
    wanted, unique = ctx.attr("num_sampled"), ctx.attr("unique")
    if unique and wanted > count:
        raise errors.invalid(
            f"Sampler's range is too small: {wanted} different classes of {count} were asked for"
        )
    stream = _kept(ctx, "stream", lambda: Generator(ctx.attr("seed"), ctx.attr("seed2")))
    start = stream.reserve(wanted * sampling.WORDS_PER_CANDIDATE // 4)
    drawn = sampling.candidates(start, sampler, wanted, true, unique=unique)
    return [torch.from_numpy(values) for values in drawn]


def _register(name, make_sampler, text):
    """A sampler whose one parameter is the number of classes."""

    def kernel(ctx, true_classes):
        count = ctx.attr("range_max")
        sampler = _kept(ctx, "sampler", lambda: make_sampler(count))
        return _sample(ctx, true_classes, sampler, count)

    kernel.__doc__ = f"{text}\n\n    {_SHAPES}\n    "
    definition = op(name, _SIGNATURE, **_ATTRS, range_max=_COUNT, _draws=True, **_STATEFUL)(kernel)
    definition.shape(_shapes)
    definition.no_gradient(_REASON)


_SHAPES = "Shapes: true_classes [B, num_true] -> [num_sampled], [B, num_true], [num_sampled]."
_REASON = "a choice of classes does not vary smoothly"


def _shapes(true_classes, *, num_true, num_sampled):
    # TF: whether there are num_true columns is looked at in the run
    return [[num_sampled], [with_rank(true_classes, 2)[0], num_true], [num_sampled]]


_register("UniformCandidateSampler", sampling.Uniform, "Classes, each as likely as the others.")
_register(
    "LogUniformCandidateSampler",
    sampling.LogUniform,
    "Classes, the first ones more often, as words are in a list sorted by frequency.",
)


def _learned(ctx, true_classes):
    """Classes as often as they came among the true classes of former runs.

    Shapes: true_classes [B, num_true] -> [num_sampled], [B, num_true], [num_sampled].
    """
    count = ctx.attr("range_max")
    sampler = _kept(ctx, "sampler", lambda: sampling.Learned(count))
    results = _sample(ctx, true_classes, sampler, count)
    sampler.update(true_classes.numpy())
    return results


for _name in ("LearnedUnigramCandidateSampler", "ThreadUnsafeUnigramCandidateSampler"):
    _definition = op(_name, _SIGNATURE, **_ATTRS, range_max=_COUNT, **_STATEFUL)(_learned)
    _definition.shape(_shapes)
    _definition.no_gradient(_REASON)


@op(
    "FixedUnigramCandidateSampler",
    _SIGNATURE,
    **_ATTRS,
    range_max=_COUNT,
    vocab_file="",
    distortion=1.0,
    num_reserved_ids=0,
    num_shards=Attr("int", 1, minimum=1),
    shard=Attr("int", 0, minimum=0),
    unigrams=Attr("list(float)", []),
    _draws=True,
    **_STATEFUL,
)
def fixed_unigram_candidate_sampler(ctx, true_classes):
    """Classes by given weights, from a list or from the last column of a file.

    Shapes: true_classes [B, num_true] -> [num_sampled], [B, num_true], [num_sampled].
    """
    sampler = _kept(ctx, "sampler", lambda: sampling.Fixed(_weights(ctx)))
    return _sample(ctx, true_classes, sampler, ctx.attr("range_max"))


def _weights(ctx):
    path, weights = ctx.attr("vocab_file").decode(), list(ctx.attr("unigrams"))
    if bool(path) == bool(weights):
        raise errors.invalid("Must provide either vocab_file or unigrams, and not both")
    if path:
        with open(path, encoding="utf-8") as lines:
            weights = [float(line.rsplit(",", 1)[-1]) for line in lines if line.strip()]
    found = sampling.unigram_weights(
        weights,
        distortion=ctx.attr("distortion"),
        reserved=ctx.attr("num_reserved_ids"),
        shards=ctx.attr("num_shards"),
        shard=ctx.attr("shard"),
    )
    if len(found) != ctx.attr("range_max"):
        raise errors.invalid(
            f"range_max is {ctx.attr('range_max')}, but there are weights for {len(found)} classes"
        )
    return found


fixed_unigram_candidate_sampler.shape(_shapes)
fixed_unigram_candidate_sampler.no_gradient(_REASON)


@op("AllCandidateSampler", _SIGNATURE, **_ATTRS, **_STATEFUL)
def all_candidate_sampler(ctx, true_classes):
    """Every class once, for comparison with the samplers.

    Shapes: true_classes [B, num_true] -> [num_sampled], [B, num_true], [num_sampled].
    """
    true = _checked(true_classes, ctx.attr("num_true"))
    count = ctx.attr("num_sampled")
    return [torch.arange(count), torch.ones(true.shape), torch.ones(count)]


all_candidate_sampler.shape(_shapes)
all_candidate_sampler.no_gradient(_REASON)


@op(
    "ComputeAccidentalHits",
    "true_classes: int64, sampled_candidates: int64 -> "
    "indices: int32, ids: int64, weights: float32",
    num_true=Attr("int", REQUIRED),
    seed=0,
    seed2=0,
    _host_only=True,
)
def compute_accidental_hits(true_classes, sampled_candidates, *, num_true):
    """Where a sampled class is a true one: row, place among the samples, and the lowest float32.

    Shapes: true_classes [B, num_true], sampled_candidates [S] -> [n], [n], [n].
    """
    true = _checked(true_classes, num_true)
    places = {candidate: place for place, candidate in enumerate(sampled_candidates.tolist())}
    hits = [
        (row, places[candidate])
        for row, candidates in enumerate(true.tolist())
        for candidate in candidates
        if candidate in places
    ]
    found = np.array(hits, np.int64).reshape(-1, 2)
    rows, ids = torch.from_numpy(found).unbind(1)
    return rows.to(torch.int32), ids.clone(), torch.full((len(hits),), _LOWEST)


@compute_accidental_hits.shape
def compute_accidental_hits_shape(true_classes, sampled_candidates, *, num_true):
    agree(with_rank(true_classes, 2)[1], num_true, "columns of true_classes and num_true")
    with_rank(sampled_candidates, 1)
    return [[None], [None], [None]]


compute_accidental_hits.no_gradient(_REASON)
