"""`tailrace draw sample` and `tailrace draw reconstruct`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tailrace.apps.common import folder as folders
from tailrace.apps.common.display import say
from tailrace.apps.common.files import check_free, free_folder, make_folder, write_file
from tailrace.apps.common.settings import at_least
from tailrace.apps.draw import pictures
from tailrace.apps.draw.data import Values, binarised, open_data
from tailrace.apps.draw.painter import TESTED, Painter, Paintings
from tailrace.apps.errors import UserError

# of the pictures, in the strip and in the film; in a row of the grid
STRIP, FILM, ACROSS = 6, 12, 8


def sample(args: argparse.Namespace) -> None:
    """Paints pictures that come to mind: a grid, a strip of canvases, a film."""
    painter, folder = _opened(args, "draw-sample")
    paintings = painter.sample(args.count, args.seed or 1)
    _write(folder, painter, paintings)
    say(f"{args.count} pictures: {folder / 'pictures.png'}, strip.png and painting.gif beside it")


def reconstruct(args: argparse.Namespace) -> None:
    """Paints given pictures; says what they cost the model."""
    painter, folder = _opened(args, "draw-reconstruct")
    wanted = _pictures(args, painter)[: args.count]
    paintings = painter.reconstruct(wanted, args.seed or 1)
    _write(folder, painter, paintings, wanted.reshape(-1, *painter.sides))
    nats = painter.bounds(wanted, TESTED)[0]
    say(
        f"{len(wanted)} pictures, {nats.mean():.2f} nats each: {folder / 'pictures.png'}, "
        "originals.png, strip.png and painting.gif beside it"
    )


def _opened(args: argparse.Namespace, default: str) -> tuple[Painter, Path]:
    at_least("count", args.count, 1)
    if args.seed is not None:
        at_least("seed", args.seed, 0)
    painter = Painter.load(Path(args.model))
    folder = Path(args.out) if args.out else free_folder(default)
    check_free(folder)
    return painter, folder


def _pictures(args: argparse.Namespace, painter: Painter) -> Values:
    """Black and white pictures [N, P]: of a file, or those the model was tested on."""
    settings = painter.settings
    if args.files:
        data = open_data([str(Path(name).absolute()) for name in args.files])
        if data.sides != painter.sides:
            raise UserError(
                f"{args.files[0]}: pictures of {data.sides[1]} x {data.sides[0]} pixels; the "
                f"model's have {painter.sides[1]} x {painter.sides[0]}"
            )
        return binarised(data.pictures, settings, settings.seed)
    kept = folders.read(args.model, Painter.kind.application, Painter.kind.format)
    if "source" not in kept:
        raise UserError(f"{args.model}: does not say what it was tested on; name a file")
    with folders.damage_said(Path(args.model)):
        source = [str(name) for name in kept["source"]]
    return open_data(source).divided(settings, settings.seed).test


def _write(
    folder: Path, painter: Painter, paintings: Paintings, originals: Values | None = None
) -> None:
    side = (painter.settings.read_side, painter.settings.write_side)

    def first(count: int) -> Paintings:
        parts = (paintings.canvases, paintings.reads, paintings.writes)
        return Paintings(*(part[:, :count] for part in parts))

    files = {
        "pictures.png": pictures.grid(paintings.canvases[-1], ACROSS),
        "strip.png": pictures.strip(
            first(STRIP), side, None if originals is None else originals[:STRIP]
        ),
        "painting.gif": pictures.animation(first(FILM), side, min(FILM // 2, _across(paintings))),
    }
    if originals is not None:
        files["originals.png"] = pictures.grid(originals, ACROSS)
    make_folder(folder)
    for name, data in files.items():
        write_file(folder / name, data)


def _across(paintings: Paintings) -> int:
    return int(np.ceil(paintings.canvases.shape[1] / 2))
