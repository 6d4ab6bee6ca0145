"""`tf.contrib.opt`."""

from tailrace.library.optimizers.external import (
    ExternalOptimizerInterface,
    ScipyOptimizerInterface,
)
from tailrace.library.optimizers.hessian_free import HessianFreeOptimizer, HessianFreeStep
from tailrace.library.optimizers.variants import (
    AdaMaxOptimizer,
    AdamWOptimizer,
    AddSignOptimizer,
    DecoupledWeightDecayExtension,
    LazyAdamOptimizer,
    MomentumWOptimizer,
    NadamOptimizer,
    PowerSignOptimizer,
    extend_with_decoupled_weight_decay,
)

__all__ = [
    "AdaMaxOptimizer",
    "AdamWOptimizer",
    "AddSignOptimizer",
    "DecoupledWeightDecayExtension",
    "ExternalOptimizerInterface",
    "HessianFreeOptimizer",
    "HessianFreeStep",
    "LazyAdamOptimizer",
    "MomentumWOptimizer",
    "NadamOptimizer",
    "PowerSignOptimizer",
    "ScipyOptimizerInterface",
    "extend_with_decoupled_weight_decay",
]
