"""`tf.contrib.layers`: what is done with features between layers.

Source: TF 1.15 contrib/layers/python/layers/layers.py, ops/sparse_ops.py.
"""

from __future__ import annotations

from typing import Any

from tailrace import dtypes
from tailrace.graph import SparseTensor, Tensor, convert_to_tensor, g
from tailrace.library import arithmetic, array, indexing, math, reductions
from tailrace.library.contrib import tools
from tailrace.library.contrib.arg_scope import add_arg_scope
from tailrace.library.contrib.variables import model_variable
from tailrace.library.initializers import Constant, Ones
from tailrace.library.nn import activations
from tailrace.library.variable_scope import variable_scope


@add_arg_scope
def dense_to_sparse(
    tensor: Any, eos_token: Any = 0, outputs_collections: Any = None, scope: Any = None
) -> SparseTensor:
    """The elements of a dense tensor that are not `eos_token`."""
    with variable_scope(scope, "dense_to_sparse", [tensor]) as opened:
        tensor = convert_to_tensor(tensor)
        ending = g.constant(eos_token, tensor.dtype)
        indices = indexing.where(g.NotEqual(tensor, ending))
        values = indexing.gather_nd(tensor, indices)
        shape = array.shape(tensor, out_type=dtypes.int64)
        sparse = SparseTensor(indices, values, shape)
        return tools.collected(outputs_collections, opened.name, sparse)


def dense_to_sparse_tensor(dense_tensor: Any, ignore_value: Any = None) -> SparseTensor:
    """The elements that are not `ignore_value`, by default 0 or the empty string."""
    with g.name_scope("DenseToSparseTensor", "DenseToSparseTensor"):
        dense = convert_to_tensor(dense_tensor)
        if ignore_value is None:
            ignore_value = "" if dense.dtype is dtypes.string else dense.dtype.as_numpy_dtype()
        ignored = arithmetic.cast(ignore_value, dense.dtype, name="ignore_value")
        indices = indexing.where(g.NotEqual(dense, ignored), name="indices")
        values = indexing.gather_nd(dense, indices, name="values")
        shape = array.shape(dense, out_type=dtypes.int64, name="dense_shape")
        return SparseTensor(indices, values, shape)


@add_arg_scope
def images_to_sequence(
    inputs: Any,
    data_format: str = "NHWC",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Tensor:
    """Images [B, H, W, C] read along their width: [W, B H, C]."""
    tools.check_image_format(data_format)
    with g.name_scope(scope, "ImagesToSequence") as opened:
        inputs = convert_to_tensor(inputs)
        if data_format == "NCHW":
            inputs = array.transpose(inputs, [0, 2, 3, 1])
        _, _, width, depth = inputs.get_shape().as_list()
        shape = array.shape(inputs)
        batch, height = shape[0], shape[1]
        columns = array.transpose(inputs, [2, 0, 1, 3])
        outputs = array.reshape(columns, [width, batch * height, depth])
        return tools.collected(outputs_collections, opened, outputs)


@add_arg_scope
def sequence_to_images(
    inputs: Any,
    height: int,
    output_data_format: str = "channels_last",
    outputs_collections: Any = None,
    scope: str | None = None,
) -> Tensor:
    """What `images_to_sequence` has made, [W, B H, C], as images [B, H, W, C] again."""
    with g.name_scope(scope, "SequenceToImages") as opened:
        inputs = convert_to_tensor(inputs)
        width, rows, depth = inputs.get_shape().as_list()
        batch = -1 if rows is None else rows // height
        columns = array.reshape(inputs, [width, batch, height, depth])
        order = [1, 3, 2, 0] if output_data_format == "channels_first" else [1, 2, 0, 3]
        return tools.collected(outputs_collections, opened, array.transpose(columns, order))


@add_arg_scope
def spatial_softmax(
    features: Any,
    temperature: float | None = None,
    name: str | None = None,
    variables_collections: Any = None,
    trainable: bool = True,
    data_format: str = "NHWC",
) -> Tensor:
    """Where each channel is, on the mean: a softmax over its pixels as weights of their places.

    Places run from -1 to 1. Without a temperature of the softmax it is learned, from 1.

    Shapes: [B, H, W, C] -> [B, 2 C].
    Raises: ValueError for an unknown number of channels, or no such format.
    """
    with variable_scope(name, "spatial_softmax"):
        shape, known = array.shape(features), features.shape
        if data_format == "NHWC":
            height, width, channels = shape[1], shape[2], known[3].value
        elif data_format == "NCHW":
            channels, height, width = known[1].value, shape[2], shape[3]
        else:
            raise ValueError("data_format has to be either NCHW or NHWC.")
        if channels is None:
            raise ValueError(
                "The num_channels dimension of the inputs to `spatial_softmax` should be defined. "
                "Found `None`."
            )
        with g.name_scope("spatial_softmax_op", "spatial_softmax_op"):
            rows, columns = array.meshgrid(
                math.linspace(-1.0, 1.0, num=height),
                math.linspace(-1.0, 1.0, num=width),
                indexing="ij",
            )
            rows = array.reshape(rows, [height * width])
            columns = array.reshape(columns, [height * width])
            collections = tools.collections_of(variables_collections, "temperature")
            divisor = model_variable(
                "temperature",
                shape=(),
                dtype=dtypes.float32,
                initializer=Ones() if temperature is None else Constant(temperature),
                collections=collections if trainable else None,
                trainable=trainable,
            )
            if data_format == "NHWC":
                features = array.transpose(features, [0, 3, 1, 2])
            features = array.reshape(features, [-1, height * width])
            attention = activations.softmax(features / divisor)
            row = reductions.reduce_sum(rows * attention, [1], keepdims=True)
            column = reductions.reduce_sum(columns * attention, [1], keepdims=True)
            places = array.reshape(array.concat([row, column], 1), [-1, channels * 2])
            places.set_shape([None, channels * 2])
    return places


@add_arg_scope
def unit_norm(inputs: Any, dim: int, epsilon: float = 1e-7, scope: Any = None) -> Tensor:
    """x / sqrt(sum of x^2 along `dim` + epsilon).

    Raises: ValueError for an unknown rank, or a dimension there is not.
    """
    with variable_scope(scope, "UnitNorm", [inputs]):
        rank = inputs.get_shape().ndims
        if not rank:
            raise ValueError("The input rank must be known.")
        if dim < 0 or dim >= rank:
            raise ValueError("dim must be positive but smaller than the input rank.")
        lengths = math.sqrt(epsilon + reductions.reduce_sum(math.square(inputs), dim, True))
        multiples = [array.ones([dim], dtypes.int32)] if dim > 0 else []
        multiples.append(indexing.strided_slice(array.shape(inputs), [dim], [dim + 1]))
        if dim < rank - 1:
            multiples.append(array.ones([rank - 1 - dim], dtypes.int32))
        return arithmetic.div(inputs, array.tile(lengths, array.concat(multiples, 0)))


@add_arg_scope
def maxout(inputs: Any, num_units: int, axis: int = -1, scope: Any = None) -> Tensor:
    """The maximum of each group of features, of which there are `num_units` (Goodfellow, 2013).

    Raises: ValueError when the features make no such groups.
    """
    with variable_scope(scope, "MaxOut", [inputs]):
        inputs = convert_to_tensor(inputs)
        shape: list[Any] = inputs.get_shape().as_list()
        features = shape[axis]
        if features % num_units:
            raise ValueError(
                f"number of features({features}) is not a multiple of num_units({num_units})"
            )
        shape[axis] = num_units
        shape.append(features // num_units)
        sizes = [array.shape(inputs)[i] if n is None else n for i, n in enumerate(shape)]
        return reductions.reduce_max(array.reshape(inputs, sizes), -1, keepdims=False)
