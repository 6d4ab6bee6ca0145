"""`tf.random`."""

from tailrace.library.candidate_sampling import (
    all_candidate_sampler,
    fixed_unigram_candidate_sampler,
    learned_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    uniform_candidate_sampler,
)
from tailrace.library.random import (
    categorical,
    get_seed,
    multinomial,
    set_random_seed,
    stateless_categorical,
    stateless_multinomial,
    stateless_truncated_normal,
    truncated_normal,
)
from tailrace.library.random import random_gamma as gamma
from tailrace.library.random import random_normal as normal
from tailrace.library.random import random_poisson as poisson
from tailrace.library.random import random_shuffle as shuffle
from tailrace.library.random import random_uniform as uniform
from tailrace.library.random import stateless_random_normal as stateless_normal
from tailrace.library.random import stateless_random_uniform as stateless_uniform

__all__ = [
    "all_candidate_sampler",
    "categorical",
    "fixed_unigram_candidate_sampler",
    "gamma",
    "get_seed",
    "learned_unigram_candidate_sampler",
    "log_uniform_candidate_sampler",
    "multinomial",
    "normal",
    "poisson",
    "set_random_seed",
    "shuffle",
    "stateless_categorical",
    "stateless_multinomial",
    "stateless_normal",
    "stateless_truncated_normal",
    "stateless_uniform",
    "truncated_normal",
    "uniform",
    "uniform_candidate_sampler",
]
