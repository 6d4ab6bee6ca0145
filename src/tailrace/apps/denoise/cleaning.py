"""`tailrace denoise clean`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tailrace.apps.common import pictures
from tailrace.apps.common.display import Table, say, show
from tailrace.apps.common.files import free_folder, make_folder, write_file
from tailrace.apps.common.parts import generator
from tailrace.apps.denoise.corruption import Values, mean_error, psnr, spoil
from tailrace.apps.denoise.denoiser import Denoiser
from tailrace.apps.errors import UserError

DEFAULT_OUT = "denoised"
# what random numbers are for
SPOIL = 6


def clean(args: argparse.Namespace) -> None:
    """Mends pictures channel by channel, each into a file of its name."""
    denoiser = Denoiser.load(Path(args.model))
    files = _files(args.images)
    found = [_open(file, denoiser) for file in files]
    folder = Path(args.out) if args.out else free_folder(DEFAULT_OUT)
    make_folder(folder)
    settings, rows = denoiser.settings, []
    for number, (file, picture) in enumerate(zip(files, found, strict=True)):
        start = picture
        if args.spoil:
            random = generator(settings.seed, SPOIL, number)
            start = spoil(picture, settings.corruption, settings.amount, random)
            _write(folder / f"{file.stem}-spoilt.png", start)
        mended = np.stack([denoiser.mend(channel) for channel in _channels(start)], -1)
        target = _write(folder / file.name, mended[..., 0] if picture.ndim == 2 else mended)
        sides = f"{picture.shape[1]} x {picture.shape[0]}"
        before = [_decibels(start, picture)] if args.spoil else []
        after = _decibels(mended.reshape(picture.shape), picture if args.spoil else start)
        rows.append([target.name, sides, *before, after])
    columns = ["spoilt", "mended"] if args.spoil else ["changed by"]
    show(Table(["", "pixels", *(f"{name}, PSNR dB" for name in columns)], rows, left=2))
    say(f"\n{len(files)} mended picture{'s' if len(files) > 1 else ''} in {folder}")


def _files(named: Sequence[str]) -> list[Path]:
    files = []
    for name in named:
        path = Path(name)
        files += pictures.in_folder(path) if path.is_dir() else [path]
    names = [file.name for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{twice[0]}: two pictures have this name; mend them into two folders")
    return files


def _open(file: Path, denoiser: Denoiser) -> Values:
    picture = pictures.read(file, colour=True)
    if (picture == picture[..., :1]).all():
        picture = picture[..., 0]
    high, wide = denoiser.shape
    if picture.shape[0] < high or picture.shape[1] < wide:
        raise UserError(
            f"{file}: has {picture.shape[1]} x {picture.shape[0]} pixels; the model needs "
            f"{wide} x {high}"
        )
    return picture


def _channels(picture: Values) -> list[Values]:
    return [picture] if picture.ndim == 2 else [picture[..., i] for i in range(3)]


def _decibels(one: Values, other: Values) -> str:
    return f"{psnr(mean_error([one], [other])):.2f}"


def _write(path: Path, picture: Values) -> Path:
    """Writes a picture under its name, as PNG where its kind cannot be written."""
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"):
        path = path.with_suffix(".png")
    write_file(path, pictures.encode(picture, path.suffix))
    return path
