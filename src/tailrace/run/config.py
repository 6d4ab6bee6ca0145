"""Configuration protos of a session.

Source: TF 1.15 core/protobuf/config.proto; the classes are TensorBoard's.
"""

from typing import Any

from tailrace.formats import protos

ConfigProto: Any = protos.ConfigProto
GPUOptions: Any = protos.GPUOptions
GraphOptions: Any = protos.GraphOptions
OptimizerOptions: Any = protos.OptimizerOptions
RunMetadata: Any = protos.RunMetadata
RunOptions: Any = protos.RunOptions
