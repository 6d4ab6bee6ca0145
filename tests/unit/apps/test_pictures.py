"""Pictures read from files of many kinds, laid side by side, filmed."""

import io

import numpy as np
import pytest
from PIL import Image

from tailrace.apps.common import pictures
from tailrace.apps.errors import UserError


def test_kinds_of_pictures_are_read(tmp_path):
    path = tmp_path / "picture.png"
    Image.new("RGBA", (4, 3), (255, 0, 0, 0)).save(path)
    # transparent places are white
    np.testing.assert_array_equal(pictures.read(path, colour=True), np.ones((3, 4, 3)))
    Image.fromarray(np.full((3, 4), 65535 // 2, np.uint16)).save(path)
    np.testing.assert_allclose(pictures.read(path), 0.5, atol=0.01)
    Image.new("1", (4, 3), 1).save(path)
    np.testing.assert_array_equal(pictures.read(path), np.ones((3, 4)))
    palette = Image.new("P", (4, 3), 1)
    palette.putpalette([0, 0, 0, 0, 255, 0])
    palette.save(path)
    np.testing.assert_array_equal(pictures.read(path, colour=True)[0, 0], [0, 1, 0])


def test_large_pictures_are_made_smaller(tmp_path):
    path = tmp_path / "picture.jpg"
    Image.new("L", (100, 40), 128).save(path)
    assert pictures.read(path, longest=50).shape == (20, 50)
    assert pictures.read(path, longest=200).shape == (40, 100)


def test_what_is_no_picture_is_said(tmp_path):
    path = tmp_path / "picture.png"
    for data in (b"", b"no picture", b"\x89PNG\r\n\x1a\n"):
        path.write_bytes(data)
        with pytest.raises(UserError, match="cannot be read as a picture"):
            pictures.read(path)
    with pytest.raises(UserError, match="is a folder"):
        pictures.read(tmp_path)
    with pytest.raises(UserError, match="no such file"):
        pictures.read(tmp_path / "none.png")
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)).save(data, "PNG")
    path.write_bytes(data.getvalue()[:-200])
    with pytest.raises(UserError, match="cannot be read as a picture"):
        pictures.read(path)


def test_a_folder_is_searched_for_pictures(tmp_path):
    for name in ("b.PNG", "a.jpg", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in pictures.in_folder(tmp_path)] == ["a.jpg", "b.PNG"]


def test_pictures_lie_in_rows():
    found = pictures.mosaic(np.arange(3.0)[:, None, None] * np.ones((3, 2, 2)), 2, ground=9.0)
    wanted = [[9, 9, 9, 9, 9, 9, 9], [9, 0, 0, 9, 1, 1, 9], [9, 0, 0, 9, 1, 1, 9]]
    np.testing.assert_array_equal(found[:3], wanted)
    np.testing.assert_array_equal(found[4], [9, 2, 2, 9, 9, 9, 9])


def test_a_film_has_its_frames_and_files_their_pixels():
    frames = [np.full((4, 5), level) for level in (0.0, 0.5, 1.0)]
    with Image.open(io.BytesIO(pictures.film(frames, enlarge=3))) as film:
        assert (film.size, getattr(film, "n_frames", 1)) == ((15, 12), 3)
    with Image.open(io.BytesIO(pictures.encode(frames[1]))) as image:
        assert (image.size, image.getpixel((0, 0))) == ((5, 4), 128)
    with pytest.raises(UserError, match=r"no way to write a picture as \.txt"):
        pictures.encode(frames[0], ".txt")
