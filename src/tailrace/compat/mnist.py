"""`tensorflow.examples.tutorials.mnist.input_data`: the handwritten digits, from local files.

Nothing is downloaded. The four files of the MNIST database have to lie in the folder the program
names, as they are distributed (`train-images-idx3-ubyte.gz`, …) or unpacked.

Source: TF 1.15 contrib/learn/python/learn/datasets/mnist.py; the IDX format of yann.lecun.com.
"""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import tailrace as tf

DEFAULT_SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_FILES = {
    "train images": "train-images-idx3-ubyte",
    "train labels": "train-labels-idx1-ubyte",
    "test images": "t10k-images-idx3-ubyte",
    "test labels": "t10k-labels-idx1-ubyte",
}
_IMAGES, _LABELS = 2051, 2049
_CLASSES = 10


class Datasets(NamedTuple):
    """The three parts of a data set."""

    train: Any
    validation: Any
    test: Any


class DataSet:
    """Images and labels, and batches of them.

    Shapes: images [N, 784] (or [N, 28, 28, 1] with reshape=False), labels [N], or [N, 10] one-hot.
    """

    def __init__(
        self,
        images: Any,
        labels: Any,
        fake_data: bool = False,
        one_hot: bool = False,
        dtype: Any = "float32",
        reshape: bool = True,
        seed: int | None = None,
    ) -> None:
        graph_seed, op_seed = tf.get_seed(seed)
        np.random.seed(graph_seed if seed is None else op_seed)
        kind = tf.as_dtype(dtype).base_dtype
        if kind not in (tf.uint8, tf.float32):
            raise TypeError(f"Invalid image dtype {kind!r}, expected uint8 or float32")
        if fake_data:
            images = np.ones((10000, 784), kind.as_numpy_dtype)
            labels = _one_hot(np.zeros(10000, np.uint8)) if one_hot else np.zeros(10000, np.uint8)
        elif len(images) != len(labels):
            raise ValueError(f"{len(images)} images but {len(labels)} labels")
        elif reshape:
            images = images.reshape(len(images), math.prod(images.shape[1:]))
        if kind == tf.float32 and not fake_data:
            images = np.multiply(images.astype(np.float32), 1.0 / 255.0)
        self._images = images
        self._labels = labels
        self._epochs_completed = 0
        self._position = 0

    @property
    def images(self) -> np.ndarray:
        """All images, in the present order."""
        return self._images

    @property
    def labels(self) -> np.ndarray:
        """All labels, in the present order."""
        return self._labels

    @property
    def num_examples(self) -> int:
        """How many there are."""
        return len(self._images)

    @property
    def epochs_completed(self) -> int:
        """How often all examples were handed out."""
        return self._epochs_completed

    def next_batch(
        self, batch_size: int, fake_data: bool = False, shuffle: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """The next examples, beginning anew (reshuffled) when all were handed out."""
        start = self._position
        if self._epochs_completed == 0 and start == 0 and shuffle:
            self._shuffle()
        end = start + batch_size
        if end <= self.num_examples:
            self._position = end
            return self._images[start:end], self._labels[start:end]
        self._epochs_completed += 1
        rest = self._images[start:], self._labels[start:]
        if shuffle:
            self._shuffle()
        self._position = end = batch_size - len(rest[0])
        images = np.concatenate((rest[0], self._images[:end]))
        return images, np.concatenate((rest[1], self._labels[:end]))

    def _shuffle(self) -> None:
        order = np.arange(self.num_examples)
        np.random.shuffle(order)
        self._images = self._images[order]
        self._labels = self._labels[order]


def read_data_sets(
    train_dir: Any,
    fake_data: bool = False,
    one_hot: bool = False,
    dtype: Any = "float32",
    reshape: bool = True,
    validation_size: int = 5000,
    seed: int | None = None,
    source_url: str = DEFAULT_SOURCE_URL,
) -> Datasets:
    """Training, validation (the first of the training images) and test set.

    Raises: tf.errors.NotFoundError saying where the files have to be, ValueError for files that
    are not MNIST's.
    """
    options: dict[str, Any] = {"dtype": dtype, "reshape": reshape, "seed": seed}
    if fake_data:
        options.update(fake_data=True, one_hot=one_hot)
        return Datasets(*(DataSet([], [], **options) for _ in range(3)))
    paths = {what: _find(Path(train_dir), name, source_url) for what, name in _FILES.items()}
    images = {part: _read_images(paths[f"{part} images"]) for part in ("train", "test")}
    labels = {part: _read_labels(paths[f"{part} labels"], one_hot) for part in ("train", "test")}
    count = len(images["train"])
    if not 0 <= validation_size <= count:
        message = f"Validation size should be between 0 and {count}. Received: {validation_size}."
        raise ValueError(message)
    cut = validation_size
    train = DataSet(images["train"][cut:], labels["train"][cut:], **options)
    validation = DataSet(images["train"][:cut], labels["train"][:cut], **options)
    return Datasets(train, validation, DataSet(images["test"], labels["test"], **options))


def load_mnist(train_dir: Any = "MNIST-data") -> Datasets:
    """The data sets of a folder with the usual settings."""
    return read_data_sets(train_dir)


def maybe_download(filename: str, work_directory: str, source_url: str) -> str:
    """The path of the file, which has to be there already."""
    return str(_find(Path(work_directory), filename, source_url))


def _find(folder: Path, name: str, source_url: str) -> Path:
    for candidate in (folder / f"{name}.gz", folder / name):
        if candidate.is_file():
            return candidate
    message = (
        f"{folder / name}[.gz] is missing. Tailrace downloads nothing: put the four files of the "
        f"MNIST database ({', '.join(_FILES.values())}, each with or without .gz; for example "
        f"from {source_url}) into {folder.absolute()}"
    )
    raise tf.errors.NotFoundError(None, None, message)


def _read(path: Path, magic: int, dimensions: int) -> np.ndarray:
    """An IDX file: magic number, sizes, bytes; all numbers big-endian."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    head = 4 * (1 + dimensions)
    found, *shape = struct.unpack(f">{1 + dimensions}I", content[:head].ljust(head, b"\0"))
    if found != magic:
        raise ValueError(f"Invalid magic number {found} in MNIST file: {path}")
    data = np.frombuffer(content, np.uint8, offset=head)
    if data.size != np.prod(shape):
        raise ValueError(f"{path} is damaged: {data.size} bytes of data for sizes {shape}")
    return data.reshape(shape)


def _read_images(path: Path) -> np.ndarray:
    return _read(path, _IMAGES, 3)[..., np.newaxis]


def _read_labels(path: Path, one_hot: bool) -> np.ndarray:
    labels = _read(path, _LABELS, 1)
    return _one_hot(labels) if one_hot else labels


def _one_hot(labels: np.ndarray) -> np.ndarray:
    return np.eye(_CLASSES)[labels]
