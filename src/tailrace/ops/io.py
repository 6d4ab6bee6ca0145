"""Checkpoints and files: save, restore, merge, read and write.

Source: TF 1.15 core/ops/io_ops.cc, core/kernels/save_restore_v2_ops.cc, core/kernels/save_op.cc.
"""

from __future__ import annotations

import contextlib
import glob
from pathlib import Path

import numpy as np

from tailrace import arrays
from tailrace.dtypes import ANY, DType
from tailrace.errors import FailedPreconditionError, InvalidArgumentError, KernelError
from tailrace.formats.bundle import BundleWriter, merge_bundles
from tailrace.formats.checkpoint import open_checkpoint
from tailrace.formats.checkpoint_v1 import V1Reader, write_v1
from tailrace.formats.files import os_errors
from tailrace.formats.slices import TensorSlice, parse_shape_and_slice
from tailrace.registry import Attr, op
from tailrace.shapes import UNKNOWN, ShapeError, agree, with_rank

_SAVED_NAMES = ("prefix", "tensor_names", "shape_and_slices")


def _scalar(shape, what):
    with_rank(shape, 0, what)


def _names_of(lists, count):
    """One name (and slice) per tensor."""
    for shape, what in lists:
        with_rank(shape, 1, what)
        agree(shape[0], count, f"{what} and the number of tensors")


def _sliced(spec: bytes, shape: tuple[int, ...]) -> tuple[tuple[int, ...], TensorSlice | None]:
    """The full shape a tensor is part of, and which part; the tensor's own shape without one."""
    if not spec:
        return shape, None
    try:
        full_shape, part = parse_shape_and_slice(spec.decode())
        fits = part.shape_in(full_shape) == shape
    except ValueError as error:
        raise KernelError(InvalidArgumentError, str(error)) from None
    if not fits:
        raise KernelError(
            InvalidArgumentError,
            "Slice in shape_and_slice specification does not match the shape of the tensor to "
            f"save: {spec.decode()}, tensor: {list(shape)}",
        )
    return full_shape, part


# -- checkpoints -----------------------------------------------------------------------------------


@op(
    "SaveV2",
    "prefix: string, tensor_names: string, shape_and_slices: string, tensors: list(dtypes) ->",
    dtypes=Attr("list(type)", minimum=1),
    _stateful=True,
    _host=_SAVED_NAMES,
    _host_only=True,
)
def save_v2(prefix, tensor_names, shape_and_slices, tensors, *, dtypes):
    """Write tensors as one checkpoint of format V2, which appears whole or not at all."""
    with BundleWriter(prefix.decode()) as writer:
        rows = zip(tensor_names, shape_and_slices, tensors, dtypes, strict=True)
        for name, spec, tensor, dtype in rows:
            array = arrays.to_numpy(tensor)
            full_shape, part = _sliced(spec, array.shape)
            if part is None:
                writer.add(name, array, dtype)
            else:
                writer.add_slice(name, full_shape, part, array, dtype)


@save_v2.shape
def save_v2_shape(prefix, tensor_names, shape_and_slices, tensors):
    _scalar(prefix, "prefix")
    lists = ((tensor_names, "tensor_names"), (shape_and_slices, "shape_and_slices"))
    _names_of(lists, len(tensors))
    return []


@op(
    "RestoreV2",
    "prefix: string, tensor_names: string, shape_and_slices: string -> tensors: list(dtypes)",
    dtypes=Attr("list(type)", minimum=1),
    _stateful=True,
    _host=_SAVED_NAMES,
)
def restore_v2(prefix, tensor_names, shape_and_slices, *, dtypes):
    """Read tensors, or parts of them, from a checkpoint of either format."""
    reader = open_checkpoint(prefix.decode())
    rows = zip(tensor_names, shape_and_slices, dtypes, strict=True)
    return [_restored(reader, name.decode(), spec, dtype) for name, spec, dtype in rows]


def _restored(reader, name: str, spec: bytes, dtype: DType):
    if reader.dtype(name) is not dtype:
        raise KernelError(
            InvalidArgumentError,
            f"tensor_name = {name}; expected dtype {dtype.name} does not equal original dtype "
            f"{reader.dtype(name).name} in {reader.prefix}",
        )
    if not spec:
        return arrays.to_torch(reader.get(name))
    try:
        full_shape, part = parse_shape_and_slice(spec.decode())
    except ValueError as error:
        raise KernelError(InvalidArgumentError, str(error)) from None
    if full_shape != reader.shape(name):
        raise KernelError(
            InvalidArgumentError,
            f"tensor_name = {name}; shape in shape_and_slice spec {list(full_shape)} does not "
            f"match the shape stored in checkpoint: {list(reader.shape(name))}",
        )
    return arrays.to_torch(reader.get(name, part))


def _part_shape(spec: bytes):
    """The static shape of what a slice specification asks for; unknown without one."""
    if not spec:
        return UNKNOWN
    try:
        full_shape, part = parse_shape_and_slice(spec.decode())
    except ValueError as error:
        raise ShapeError(str(error)) from None
    return part.shape_in(full_shape)


@restore_v2.shape
def restore_v2_shape(prefix, tensor_names, shape_and_slices, *, dtypes):
    _scalar(prefix, "prefix")
    lists = ((tensor_names, "tensor_names"), (shape_and_slices, "shape_and_slices"))
    _names_of(lists, len(dtypes))
    specs = shape_and_slices.value
    return [UNKNOWN if specs is None else _part_shape(specs[i]) for i in range(len(dtypes))]


@op(
    "MergeV2Checkpoints",
    "checkpoint_prefixes: string, destination_prefix: string ->",
    delete_old_dirs=True,
    _stateful=True,
    _host=("checkpoint_prefixes", "destination_prefix"),
)
def merge_v2_checkpoints(checkpoint_prefixes, destination_prefix, *, delete_old_dirs):
    """Make one checkpoint of the shards that several `SaveV2` wrote."""
    prefixes = [prefix.decode() for prefix in checkpoint_prefixes]
    merged = destination_prefix.decode()
    merge_bundles(prefixes, merged)
    if not delete_old_dirs:
        return
    for folder in dict.fromkeys(Path(prefix).parent for prefix in prefixes):
        if folder != Path(merged).parent:
            with contextlib.suppress(OSError):  # not empty: somebody else's files stay
                folder.rmdir()


@merge_v2_checkpoints.shape
def merge_v2_checkpoints_shape(checkpoint_prefixes, destination_prefix):
    with_rank(checkpoint_prefixes, 1, "checkpoint_prefixes")
    _scalar(destination_prefix, "destination_prefix")
    return []


def _save_v1(filename: bytes, names: list[bytes], specs: list[bytes], tensors, types) -> None:
    rows = []
    for name, spec, tensor, dtype in zip(names, specs, tensors, types, strict=True):
        array = arrays.to_numpy(tensor)
        full_shape, part = _sliced(spec, array.shape)
        rows.append((name.decode(), full_shape, part, array, dtype))
    write_v1(filename.decode(), rows)


@op(
    "Save",
    "filename: string, tensor_names: string, data: list(T) ->",
    T=Attr("list(type)", minimum=1),
    _stateful=True,
    _host=("filename", "tensor_names"),
)
def save(filename, tensor_names, data, *, T):
    """Write tensors as a checkpoint of format V1."""
    _save_v1(filename, tensor_names, [b""] * len(tensor_names), data, T)


@save.shape
def save_shape(filename, tensor_names, data):
    _scalar(filename, "filename")
    _names_of([(tensor_names, "tensor_names")], len(data))
    return []


@op(
    "SaveSlices",
    "filename: string, tensor_names: string, shapes_and_slices: string, data: list(T) ->",
    T=Attr("list(type)", minimum=1),
    _stateful=True,
    _host=("filename", "tensor_names", "shapes_and_slices"),
)
def save_slices(filename, tensor_names, shapes_and_slices, data, *, T):
    """Write tensors, some of them parts of larger ones, as a checkpoint of format V1."""
    _save_v1(filename, tensor_names, shapes_and_slices, data, T)


@save_slices.shape
def save_slices_shape(filename, tensor_names, shapes_and_slices, data):
    _scalar(filename, "filename")
    lists = ((tensor_names, "tensor_names"), (shapes_and_slices, "shapes_and_slices"))
    _names_of(lists, len(data))
    return []


@op(
    "Restore",
    "file_pattern: string, tensor_name: string -> tensor: dt",
    dt=ANY,
    preferred_shard=-1,
    _stateful=True,
    _host=("file_pattern", "tensor_name"),
)
def restore(file_pattern, tensor_name, *, dt):
    """Read a tensor from a checkpoint of format V1."""
    return _restored(V1Reader(file_pattern.decode()), tensor_name.decode(), b"", dt)


@restore.shape
def restore_shape(file_pattern, tensor_name):
    _scalar(file_pattern, "file_pattern")
    _scalar(tensor_name, "tensor_name")
    return [UNKNOWN]


@op(
    "RestoreSlice",
    "file_pattern: string, tensor_name: string, shape_and_slice: string -> tensor: dt",
    dt=ANY,
    preferred_shard=-1,
    _stateful=True,
    _host=("file_pattern", "tensor_name", "shape_and_slice"),
)
def restore_slice(file_pattern, tensor_name, shape_and_slice, *, dt):
    """Read a part of a tensor from a checkpoint of format V1."""
    return _restored(V1Reader(file_pattern.decode()), tensor_name.decode(), shape_and_slice, dt)


@restore_slice.shape
def restore_slice_shape(file_pattern, tensor_name, shape_and_slice):
    for shape, what in (
        (file_pattern, "file_pattern"),
        (tensor_name, "tensor_name"),
        (shape_and_slice, "shape_and_slice"),
    ):
        _scalar(shape, what)
    spec = shape_and_slice.value
    return [UNKNOWN if spec is None else _part_shape(spec.item())]


@op(
    "ShardedFilename",
    "basename: string, shard: int32, num_shards: int32 -> filename: string",
    _host=("basename", "shard", "num_shards"),
)
def sharded_filename(basename, shard, num_shards):
    """`basename-SSSSS-of-NNNNN`, the name of one shard."""
    return _string(basename + f"-{shard:05d}-of-{num_shards:05d}".encode())


@sharded_filename.shape
def sharded_filename_shape(basename, shard, num_shards):
    for shape, what in ((basename, "basename"), (shard, "shard"), (num_shards, "num_shards")):
        _scalar(shape, what)
    return [[]]


@op(
    "ShardedFilespec",
    "basename: string, num_shards: int32 -> filename: string",
    _host=("basename", "num_shards"),
)
def sharded_filespec(basename, num_shards):
    """`basename-?????-of-NNNNN`, a pattern of all shards' names."""
    return _string(basename + f"-?????-of-{num_shards:05d}".encode())


@sharded_filespec.shape
def sharded_filespec_shape(basename, num_shards):
    _scalar(basename, "basename")
    _scalar(num_shards, "num_shards")
    return [[]]


def _string(value: bytes) -> np.ndarray:
    result = np.empty((), dtype=object)
    result[()] = value
    return result


# -- files -----------------------------------------------------------------------------------------


@op("ReadFile", "filename: string -> contents: string", _host="filename", _varies=True)
def read_file(filename):
    """The content of a file."""
    path = filename.decode()
    with os_errors(path):
        return _string(Path(path).read_bytes())


@read_file.shape
def read_file_shape(filename):
    _scalar(filename, "filename")
    return [[]]


@op(
    "WriteFile",
    "filename: string, contents: string ->",
    _stateful=True,
    _host=("filename", "contents"),
)
def write_file(filename, contents):
    """Write a file anew, making the folders it lies in."""
    path = Path(filename.decode())
    if path.is_dir():
        raise KernelError(FailedPreconditionError, f"{path}; Is a directory")
    with os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)


@write_file.shape
def write_file_shape(filename, contents):
    _scalar(filename, "filename")
    _scalar(contents, "contents")
    return []


@op("MatchingFiles", "pattern: string -> filenames: string", _host="pattern", _varies=True)
def matching_files(pattern):
    """The names of the files that match one of the patterns, sorted."""
    patterns = pattern if isinstance(pattern, list) else [pattern]
    found = sorted({name.encode() for each in patterns for name in glob.glob(each.decode())})
    names = np.empty(len(found), dtype=object)
    names[:] = found
    return names


@matching_files.shape
def matching_files_shape(pattern):
    if len(pattern) > 1:
        raise ShapeError(f"pattern must be a scalar or vector: {pattern}")
    return [[None]]


for _definition in (restore_v2, restore, restore_slice, read_file, matching_files):
    _definition.no_gradient("what is read from files does not depend on the graph")
for _definition in (sharded_filename, sharded_filespec):
    _definition.no_gradient("names do not vary smoothly")
