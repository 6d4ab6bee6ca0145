"""`read_data_sets`, on small files of the real format."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

import tailrace as tf
from tailrace.compat import mnist

FILES = {"train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")}


def _write(folder: Path, packed: bool) -> dict[str, np.ndarray]:
    arrays = {}
    for part, prefix, count in (("train", "train", 30), ("test", "t10k", 10)):
        images = np.arange(count * 28 * 28).reshape(count, 28, 28).astype(np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        arrays[part] = labels
        for kind, head, data in (
            ("images-idx3", struct.pack(">4I", 2051, count, 28, 28), images),
            ("labels-idx1", struct.pack(">2I", 2049, count), labels),
        ):
            content = head + data.tobytes()
            name = f"{prefix}-{kind}-ubyte"
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)
    return arrays


@pytest.mark.parametrize("packed", [True, False])
def test_sets(tmp_path: Path, packed: bool):
    _write(tmp_path, packed)
    sets = mnist.read_data_sets(str(tmp_path), one_hot=True, validation_size=5)
    assert [s.num_examples for s in sets] == [25, 5, 10]
    assert sets.train.images.shape == (25, 784)
    assert sets.train.images.dtype == np.float32
    assert sets.train.images.max() <= 1.0
    assert sets.train.labels.shape == (25, 10)
    assert sets.test.labels.argmax(1).tolist() == list(range(10))


def test_options(tmp_path: Path):
    arrays = _write(tmp_path, packed=True)
    sets = mnist.read_data_sets(tmp_path, reshape=False, dtype=tf.uint8, validation_size=0)
    assert sets.train.images.shape == (30, 28, 28, 1)
    assert sets.train.images.dtype == np.uint8
    np.testing.assert_array_equal(sets.train.labels, arrays["train"])


def test_batches_go_round(tmp_path: Path):
    _write(tmp_path, packed=False)
    train = mnist.read_data_sets(tmp_path, validation_size=0).train
    order = [train.next_batch(12, shuffle=False) for _ in range(3)]
    labels = np.concatenate([batch[1] for batch in order])
    assert labels.tolist() == [i % 30 % 10 for i in range(36)]
    assert train.epochs_completed == 1
    images, labels = train.next_batch(4)
    assert images.shape == (4, 784)
    assert labels.shape == (4,)


def test_shuffled_batches_keep_pairs_together(tmp_path: Path):
    _write(tmp_path, packed=False)
    train = mnist.read_data_sets(tmp_path, validation_size=0, seed=3).train
    pairs = {
        (image.tobytes(), label) for image, label in zip(train.images, train.labels, strict=True)
    }
    for _ in range(5):
        images, labels = train.next_batch(7)
        assert {(i.tobytes(), n) for i, n in zip(images, labels, strict=True)} <= pairs


def test_missing_files_say_where_to_put_them(tmp_path: Path):
    with pytest.raises(
        tf.errors.NotFoundError, match=r"downloads nothing.*train-images-idx3-ubyte"
    ):
        mnist.read_data_sets(tmp_path)


def test_damaged_files(tmp_path: Path):
    _write(tmp_path, packed=False)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="is damaged"):
        mnist.read_data_sets(tmp_path)
    path.write_bytes(b"\0")
    with pytest.raises(ValueError, match="Invalid magic number"):
        mnist.read_data_sets(tmp_path)


def test_fake_data():
    sets = mnist.read_data_sets("", fake_data=True, one_hot=True)
    images, labels = sets.train.next_batch(3)
    assert images.shape == (3, 784)
    assert labels.shape == (3, 10)
