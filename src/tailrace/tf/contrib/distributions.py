"""`tf.contrib.distributions`: those of `tf.distributions`, normal vectors, one-hot classes."""

from tailrace.library.distributions.base import (
    FULLY_REPARAMETERIZED,
    NOT_REPARAMETERIZED,
    Distribution,
    ReparameterizationType,
)
from tailrace.library.distributions.classes import Bernoulli, Categorical
from tailrace.library.distributions.counts import Dirichlet, DirichletMultinomial, Multinomial
from tailrace.library.distributions.divergence import RegisterKL, kl_divergence
from tailrace.library.distributions.intervals import Beta, Exponential, Gamma, Uniform
from tailrace.library.distributions.location_scale import Laplace, Normal, StudentT
from tailrace.library.distributions.multivariate import (
    MultivariateNormalDiag,
    MultivariateNormalDiagWithSoftplusScale,
    MultivariateNormalFullCovariance,
    MultivariateNormalLinearOperator,
    MultivariateNormalTriL,
)
from tailrace.library.distributions.one_hot import OneHotCategorical

__all__ = [
    "FULLY_REPARAMETERIZED",
    "NOT_REPARAMETERIZED",
    "Bernoulli",
    "Beta",
    "Categorical",
    "Dirichlet",
    "DirichletMultinomial",
    "Distribution",
    "Exponential",
    "Gamma",
    "Laplace",
    "Multinomial",
    "MultivariateNormalDiag",
    "MultivariateNormalDiagWithSoftplusScale",
    "MultivariateNormalFullCovariance",
    "MultivariateNormalLinearOperator",
    "MultivariateNormalTriL",
    "Normal",
    "OneHotCategorical",
    "RegisterKL",
    "ReparameterizationType",
    "StudentT",
    "Uniform",
    "kl_divergence",
]
