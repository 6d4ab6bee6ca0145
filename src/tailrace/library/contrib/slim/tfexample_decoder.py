"""`tf.contrib.slim.tfexample_decoder`: the items of a serialized `tf.train.Example`.

Source: TF 1.15 contrib/slim/python/slim/data/tfexample_decoder.py.
"""

from __future__ import annotations

import abc
from typing import Any

from tailrace import dtypes
from tailrace.graph import SparseTensor as Sparse
from tailrace.graph import g
from tailrace.library import array
from tailrace.library.control_flow import case, cond
from tailrace.library.decoding import decode_raw
from tailrace.library.examples import FixedLenFeature, parse_single_example
from tailrace.library.functional import map_fn
from tailrace.library.image.files import decode_image, decode_jpeg, is_jpeg
from tailrace.library.indexing import slice as slice_of
from tailrace.library.reductions import reduce_prod
from tailrace.library.sparse import sparse_reshape, to_dense

from .data_decoder import DataDecoder


def _dense(value: Any) -> Any:
    return to_dense(value) if isinstance(value, Sparse) else value


class ItemHandler(abc.ABC):
    """Makes an item of the features of some keys."""

    def __init__(self, keys: Any) -> None:
        self._keys = keys if isinstance(keys, (tuple, list)) else [keys]

    @property
    def keys(self) -> Any:
        """The features' keys."""
        return self._keys

    @abc.abstractmethod
    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The item's tensor."""


class ItemHandlerCallback(ItemHandler):
    """An item that a function makes."""

    def __init__(self, keys: Any, func: Any) -> None:
        super().__init__(keys)
        self._func = func

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """What the function makes of the features."""
        return self._func(keys_to_tensors)


class BoundingBox(ItemHandler):
    """Boxes [N, 4] of features with a side each: ymin, xmin, ymax, xmax."""

    def __init__(self, keys: Any = None, prefix: str = "") -> None:
        """Raises: ValueError for another number of keys than four."""
        if keys is None:
            keys = ["ymin", "xmin", "ymax", "xmax"]
        elif len(keys) != 4:
            raise ValueError(f"BoundingBox expects 4 keys but got {len(keys)}")
        super().__init__([prefix + key for key in keys])

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The sides, transposed."""
        sides = [keys_to_tensors[key] for key in self._keys]
        rows = [
            array.expand_dims(side.values if isinstance(side, Sparse) else side, 0)
            for side in sides
        ]
        return array.transpose(array.concat(rows, 0))


class Tensor(ItemHandler):
    """A feature, of the shape given or that other features hold.

    Raises: ValueError when the shape is given twice.
    """

    def __init__(
        self, tensor_key: str, shape_keys: Any = None, shape: Any = None, default_value: Any = 0
    ) -> None:
        if shape_keys and shape is not None:
            raise ValueError("Cannot specify both shape_keys and shape parameters.")
        if shape_keys and not isinstance(shape_keys, list):
            shape_keys = [shape_keys]
        self._tensor_key = tensor_key
        self._shape_keys = shape_keys
        self._shape = shape
        self._default_value = default_value
        super().__init__([tensor_key, *(shape_keys or [])])

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The feature, dense."""
        tensor, shape = keys_to_tensors[self._tensor_key], self._shape
        if self._shape_keys:
            sizes = [_dense(keys_to_tensors[key]) for key in self._shape_keys]
            shape = array.reshape(array.stack(sizes), [-1])
        if isinstance(tensor, Sparse):
            reshaped = tensor if shape is None else sparse_reshape(tensor, shape)
            return to_dense(reshaped, self._default_value)
        return tensor if shape is None else array.reshape(tensor, shape)


class LookupTensor(Tensor):
    """A feature looked up in a table."""

    def __init__(
        self,
        tensor_key: str,
        table: Any,
        shape_keys: Any = None,
        shape: Any = None,
        default_value: Any = "",
    ) -> None:
        self._table = table
        super().__init__(tensor_key, shape_keys, shape, default_value)

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """What the table has for the feature."""
        return self._table.lookup(super().tensors_to_item(keys_to_tensors))


class BackupHandler(ItemHandler):
    """The item of `handler`, or, if that is empty, of `backup`.

    Raises: ValueError for what is no ItemHandler.
    """

    def __init__(self, handler: Any, backup: Any) -> None:
        for what, given in (("Primary", handler), ("Backup", backup)):
            if not isinstance(given, ItemHandler):
                raise ValueError(f"{what} handler is of type {type(given)} instead of ItemHandler")
        self._handler = handler
        self._backup = backup
        super().__init__(handler.keys + backup.keys)

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """One item or the other, chosen when run."""
        item = self._handler.tensors_to_item(keys_to_tensors)
        empty = g.Equal(reduce_prod(g.shape(item)), 0)
        return cond(empty, lambda: self._backup.tensors_to_item(keys_to_tensors), lambda: item)


class SparseTensor(ItemHandler):
    """A sparse tensor of features with the ids and values of its last axis."""

    def __init__(
        self,
        indices_key: str | None = None,
        values_key: str | None = None,
        shape_key: str | None = None,
        shape: Any = None,
        densify: bool = False,
        default_value: Any = 0,
    ) -> None:
        self._indices_key = indices_key or "indices"
        self._values_key = values_key or "values"
        self._shape_key = shape_key
        self._shape = shape
        self._densify = densify
        self._default_value = default_value
        keys = [self._indices_key, self._values_key]
        super().__init__([*keys, shape_key] if shape_key else keys)

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The sparse tensor, or the dense one."""
        indices = keys_to_tensors[self._indices_key]
        values = keys_to_tensors[self._values_key]
        if self._shape_key:
            shape = _dense(keys_to_tensors[self._shape_key])
        else:
            shape = self._shape or indices.dense_shape
        size: Any = g.shape(indices.indices)
        rank = size[1]
        ids = g.cast(indices.values, dtypes.int64)
        kept = slice_of(indices.indices, [0, 0], array.stack([-1, rank - 1]))
        places = array.concat([kept, array.reshape(ids, [-1, 1])], 1)
        tensor = Sparse(places, values.values, shape)
        return to_dense(tensor, self._default_value) if self._densify else tensor


class Image(ItemHandler):
    """A picture from its file's bytes; JPEG and PNG may be mixed, raw ones not.

    Shapes: [height, width, channels], or `shape`.
    """

    def __init__(
        self,
        image_key: str | None = None,
        format_key: str | None = None,
        shape: Any = None,
        channels: int = 3,
        dtype: Any = dtypes.uint8,
        repeated: bool = False,
        dct_method: str = "",
    ) -> None:
        """`repeated`: the feature holds several pictures."""
        self._image_key = image_key or "image/encoded"
        self._format_key = format_key or "image/format"
        self._shape = shape
        self._channels = channels
        self._dtype = dtype
        self._repeated = repeated
        self._dct_method = dct_method
        super().__init__([self._image_key, self._format_key])

    def tensors_to_item(self, keys_to_tensors: dict[str, Any]) -> Any:
        """The picture, or pictures."""
        contents = keys_to_tensors[self._image_key]
        kind = keys_to_tensors[self._format_key]
        if self._repeated:
            return map_fn(lambda one: self._decode(one, kind), contents, dtype=self._dtype)
        return self._decode(contents, kind)

    def _decode(self, contents: Any, kind: Any) -> Any:
        def other() -> Any:
            return g.cast(decode_image(contents, channels=self._channels), self._dtype)

        def jpeg() -> Any:
            picture = decode_jpeg(contents, self._channels, dct_method=self._dct_method)
            return g.cast(picture, self._dtype)

        def encoded() -> Any:
            return cond(is_jpeg(contents), jpeg, other, name="cond_jpeg")

        def raw() -> Any:
            return decode_raw(contents, self._dtype)

        is_raw = g.LogicalOr(g.Equal(kind, "raw"), g.Equal(kind, "RAW"))
        image: Any = case([(is_raw, raw)], default=encoded, exclusive=True)
        image.set_shape([None, None, self._channels])
        return image if self._shape is None else array.reshape(image, self._shape)


class TFExampleDecoder(DataDecoder):
    """Parses an example's features and has the items made of them.

    `keys_to_features` says how features are parsed, `items_to_handlers` who makes which item.
    """

    def __init__(
        self, keys_to_features: dict[str, Any], items_to_handlers: dict[str, ItemHandler]
    ) -> None:
        self._keys_to_features = keys_to_features
        self._items_to_handlers = items_to_handlers

    def list_items(self) -> list[str]:
        """The items' names."""
        return list(self._items_to_handlers)

    def decode(  # pyright: ignore[reportIncompatibleMethodOverride]  # TF's names
        self, serialized_example: Any, items: Any = None
    ) -> list[Any]:
        """The items of a serialized example, all or those named."""
        example = parse_single_example(serialized_example, self._keys_to_features)
        for key, feature in sorted(self._keys_to_features.items()):
            if isinstance(feature, FixedLenFeature):
                example[key] = array.reshape(example[key], feature.shape)
        handlers = [self._items_to_handlers[item] for item in items or self.list_items()]
        return [h.tensors_to_item({key: example[key] for key in h.keys}) for h in handlers]
