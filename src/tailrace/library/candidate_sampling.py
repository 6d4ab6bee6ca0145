"""Samplers of candidate classes for sampled softmax and noise-contrastive estimation.

Each gives (sampled classes [num_sampled], expected counts of the true classes [B, num_true],
expected counts of the sampled ones [num_sampled]).

Source: TF 1.15 python/ops/candidate_sampling_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tailrace.graph import g
from tailrace.library.random import op_seeds


def uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Classes of [0, range_max), each as likely as the others."""
    return g.UniformCandidateSampler(
        true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        range_max=range_max,
        **op_seeds(seed),
        name=name,
    )


def log_uniform_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Classes by Zipf's law: P(k) = log((k + 2) / (k + 1)) / log(range_max + 1)."""
    return g.LogUniformCandidateSampler(
        true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        range_max=range_max,
        **op_seeds(seed),
        name=name,
    )


def learned_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Classes as often as they came among the true classes of former runs."""
    return g.LearnedUnigramCandidateSampler(
        true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        range_max=range_max,
        **op_seeds(seed),
        name=name,
    )


def fixed_unigram_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    range_max: int,
    vocab_file: str = "",
    distortion: float = 1.0,
    num_reserved_ids: int = 0,
    num_shards: int = 1,
    shard: int = 0,
    unigrams: Sequence[float] = (),
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Classes by weights: `unigrams`, or the last column of a comma-separated file.

    Weights are raised to the power `distortion`; `num_reserved_ids` classes before them are never
    sampled. One of `num_shards` samplers samples every num_shards-th class, from `shard` on.
    """
    return g.FixedUnigramCandidateSampler(
        true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        range_max=range_max,
        vocab_file=vocab_file,
        distortion=distortion,
        num_reserved_ids=num_reserved_ids,
        num_shards=num_shards,
        shard=shard,
        unigrams=list(unigrams),
        **op_seeds(seed),
        name=name,
    )


def all_candidate_sampler(
    true_classes: Any,
    num_true: int,
    num_sampled: int,
    unique: bool,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Every class of [0, num_sampled) once, for comparison with the samplers."""
    return g.AllCandidateSampler(
        true_classes,
        num_true=num_true,
        num_sampled=num_sampled,
        unique=unique,
        **op_seeds(seed),
        name=name,
    )


def compute_accidental_hits(
    true_classes: Any,
    sampled_candidates: Any,
    num_true: int,
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Where sampled classes are true ones: (rows, places among the samples, lowest float32)."""
    return g.ComputeAccidentalHits(
        true_classes, sampled_candidates, num_true=num_true, **op_seeds(seed), name=name
    )
