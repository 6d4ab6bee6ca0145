"""`tf.estimator`, without the estimators that bring their own models."""

from tailrace.library.estimator.arguments import WarmStartSettings
from tailrace.library.estimator.config import RunConfig
from tailrace.library.estimator.estimator import Estimator
from tailrace.library.estimator.spec import EstimatorSpec, ModeKeys
from tailrace.library.estimator.together import (
    BestExporter,
    EvalSpec,
    Exporter,
    FinalExporter,
    LatestExporter,
    TrainSpec,
    train_and_evaluate,
)
from tailrace.tf.estimator import export as export
from tailrace.tf.estimator import inputs as inputs

__all__ = [
    "BestExporter",
    "Estimator",
    "EstimatorSpec",
    "EvalSpec",
    "Exporter",
    "FinalExporter",
    "LatestExporter",
    "ModeKeys",
    "RunConfig",
    "TrainSpec",
    "WarmStartSettings",
    "export",
    "inputs",
    "train_and_evaluate",
]
