"""Names of Python, NumPy and other libraries that were there at the time."""

from pathlib import Path

import numpy as np
import pytest

from tailrace.compat import era_pictures
from tailrace.compat.program import run_program

pytestmark = pytest.mark.usefixtures("program")


def _said(folder: Path, capfd: pytest.CaptureFixture[str], source: str) -> list[str]:
    path = folder / "program.py"
    path.write_text(source)
    assert run_program(str(path), []) == 0
    return capfd.readouterr().out.splitlines()


def test_python(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    source = """
import base64, json, random, threading
with open(__file__, "rU") as file, open(__file__, "U") as same:
    print(file.read(7).strip(), same.mode, json.loads("[1]", encoding="utf8"))
print(sorted(random.sample({1, 2, 3}, 3)), threading.Thread().isAlive())
rows = [1, 2, 3]
random.shuffle(rows, lambda: 0.0)
print(rows, base64.encodestring(b"a"))
"""
    assert _said(tmp_path, capfd, source) == [
        "import r [1]",
        "[1, 2, 3] False",
        # by hand: 3 and 1 change places, then 2 and 3
        "[2, 3, 1] b'YQ==\\n'",
    ]


def test_arrays(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    source = """
import numpy as np
rows = np.array([[1, 2], [3]])
print(rows.dtype, rows.shape, rows[1], np.asarray([[1], []]).dtype)
print(np.fromstring(b"\\1\\2", dtype=np.uint8), np.fromstring("1 2", sep=" "))
try:
    np.array([[1, 2], [3]], np.float32)
except ValueError as error:
    print("inhomogeneous" in str(error))
"""
    assert _said(tmp_path, capfd, source) == [
        "object (2,) [3] object",
        "[1 2] [1. 2.]",
        "True",
    ]


def test_methods_of_arrays(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    source = """
import numpy as np
a = np.array([[1, 2], [3, 5]], np.uint8)
print(a.tostring(), a.tostring("F"), np.uint8(7).tostring(), np.ma.array([1, 2]).min())
one = np.array([1], "<u2")
print(a.ptp(), a.ptp(0), one.newbyteorder(">"), one.newbyteorder())
a.itemset((0, 1), 8)
a.itemset(2, 9)
a.itemset(1, 1, 4)
one = np.array(3)
one.itemset(6)
print(a.tolist(), one)
"""
    assert _said(tmp_path, capfd, source) == [
        r"b'\x01\x02\x03\x05' b'\x01\x03\x02\x05' b'\x07' 1",
        "4 [2 3] [256] [256]",
        "[[1, 8], [9, 4]] 6",
    ]


def test_libraries(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    source = """
import warnings
warnings.simplefilter("ignore")
from PIL import Image
import pandas as pd, scipy.sparse, scipy.integrate
from scipy.misc import imresize, logsumexp
from sklearn.cross_validation import train_test_split
from sklearn.externals import joblib
print(Image.ANTIALIAS == Image.LANCZOS, logsumexp([0.0]), scipy.sparse.csr_matrix([[2]]).A)
print(len(train_test_split([1, 2, 3])), callable(joblib.dump))
frame = pd.DataFrame({"a": [1]})
longer = frame.append(pd.DataFrame({"a": [2]}), ignore_index=True)
longer = longer.append({"a": 3}, ignore_index=True)
print(longer.as_matrix().tolist(), [name for name, _ in longer.iteritems()])
"""
    assert _said(tmp_path, capfd, source) == [
        "True 0.0 [[2]]",
        "2 True",
        "[[1], [2], [3]] ['a']",
    ]


def test_plots(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    source = """
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib import cm
plt.style.use("seaborn")
plt.hold(True)
print(cm.get_cmap("spectral").name, cm.get_cmap("jet", 3).N)
print(plt.figure().gca(projection="3d").name, plt.figure().gca().name)
print(plt.hist([1, 1, 2], bins=2, normed=True)[0].round(3))
plt.close("all")
"""
    said = ["spectral 3", "3d rectilinear", "[1.333 0.667]"]
    assert _said(tmp_path, capfd, source) == said


def test_pictures_are_stretched_and_kept(tmp_path: Path):
    ramp = np.array([[0.0, 1.0], [2.0, 4.0]])
    # by hand: 255 / 4 a unit, rounded half up
    assert era_pictures.bytescale(ramp).tolist() == [[0, 64], [128, 255]]
    bytes_ = np.array([[3, 200]], np.uint8)
    assert era_pictures.bytescale(bytes_) is bytes_
    path = tmp_path / "picture.png"
    colours = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    era_pictures.imsave(path, colours)
    np.testing.assert_array_equal(era_pictures.imread(path), colours)
    grey = era_pictures.imread(path, flatten=True)
    # ITU-R 601: 0.299 R + 0.587 G + 0.114 B
    np.testing.assert_allclose(grey, colours @ [0.299, 0.587, 0.114], atol=1e-3)
    channels_first = np.moveaxis(colours, 2, 0)
    np.testing.assert_array_equal(
        era_pictures.fromimage(era_pictures.toimage(channels_first)), colours
    )


def test_pictures_of_other_sizes():
    colours = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert era_pictures.imresize(colours, 50).shape == (1, 2, 3)
    assert era_pictures.imresize(colours, 2.0).shape == (4, 8, 3)
    nearest = era_pictures.imresize(colours, (4, 8), "nearest")
    np.testing.assert_array_equal(nearest, colours.repeat(2, 0).repeat(2, 1))
    turned = era_pictures.imrotate(np.eye(3, dtype=np.uint8), 90, "nearest")
    np.testing.assert_array_equal(turned, np.eye(3)[::-1])


@pytest.mark.parametrize("shape", [(2,), (2, 2, 2), (1, 2, 3, 4)])
def test_what_is_no_picture(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"shape|Channel"):
        era_pictures.toimage(np.zeros(shape))
