"""`tf.estimator`."""

from tailrace.library.estimator.arguments import WarmStartSettings
from tailrace.library.estimator.config import RunConfig
from tailrace.library.estimator.estimator import Estimator
from tailrace.library.estimator.models.estimators import (
    DNNClassifier,
    DNNLinearCombinedClassifier,
    DNNLinearCombinedRegressor,
    DNNRegressor,
    LinearClassifier,
    LinearRegressor,
)
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
    "DNNClassifier",
    "DNNLinearCombinedClassifier",
    "DNNLinearCombinedRegressor",
    "DNNRegressor",
    "Estimator",
    "EstimatorSpec",
    "EvalSpec",
    "Exporter",
    "FinalExporter",
    "LatestExporter",
    "LinearClassifier",
    "LinearRegressor",
    "ModeKeys",
    "RunConfig",
    "TrainSpec",
    "WarmStartSettings",
    "export",
    "inputs",
    "train_and_evaluate",
]
