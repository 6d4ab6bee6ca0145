"""`tailrace embed near`, `analogy`, `plot` and `export`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import tailrace as tf
from tailrace.apps.common.display import Table, say, show
from tailrace.apps.common.files import check_free, free_folder, make_folder, saying_why, write_file
from tailrace.apps.common.settings import at_least, choice
from tailrace.apps.common.vectors import Vectors, write_vectors
from tailrace.apps.embed.embedding import open_space
from tailrace.apps.embed.pictures import WAYS, map_picture
from tailrace.apps.embed.space import Space
from tailrace.apps.errors import UserError

DEFAULT_BOARD = "embed-board"
SHOWN = 150


def opened(args: argparse.Namespace) -> Space:
    """The space that a command line names."""
    if args.most is not None:
        at_least("most", args.most, 3)
    return open_space(args.vectors, args.most, args.language)


def near(args: argparse.Namespace) -> int:
    """Lists words near a word."""
    at_least("count", args.count, 1)
    found = opened(args).near(args.words, args.count)
    show(Table(["word", "cosine"], [[word, f"{value:.3f}"] for word, value in found]))
    return 0


def analogy(args: argparse.Namespace) -> int:
    """Says what is to c as b is to a."""
    at_least("count", args.count, 1)
    space = opened(args)
    found = space.analogy(args.a, args.b, args.c, args.count, product=args.product)
    say(f"{args.a} is to {args.b} as {args.c} is to")
    show(Table(["word", "score"], [[word, f"{value:.3f}"] for word, value in found]))
    return 0


def plot(args: argparse.Namespace) -> int:
    """Draws words in the plane."""
    way = args.by or WAYS[0]
    choice("by", way, WAYS)
    if args.words and args.count:
        raise UserError("--words and --count: give one of them")
    count = SHOWN if args.count is None else args.count
    at_least("count", count, 3)
    seed = 1 if args.seed is None else args.seed
    at_least("seed", seed, 0)
    to = Path(args.to)
    if to.suffix.lower() != ".png":
        raise UserError(f"--to {args.to}: the picture is a PNG file; name it so")
    space = opened(args)
    words = [w.strip() for w in args.words.split(",")] if args.words else space.words[:count]
    if len(words) < 3:
        raise UserError(f"--words {args.words}: three words at least make a picture")
    write_file(to, map_picture(space, {"words": words}, way, seed))
    say(f"{len(words)} words drawn in {to}")
    return 0


def export(args: argparse.Namespace) -> int:
    """Writes what TensorBoard's projector reads, or a text file of vectors."""
    if args.to:
        if args.out:
            raise UserError("--to and --out: give one of them")
        space = opened(args)
        write_vectors(Path(args.to), Vectors(space.words, space.matrix))
        say(f"{len(space.words):,} words written to {args.to}")
        return 0
    folder = Path(args.out) if args.out else free_folder(DEFAULT_BOARD)
    check_free(folder)
    space = opened(args)
    make_folder(folder)
    write_projector(folder, space)
    say(f"{len(space.words):,} words are in {folder}. See them: tensorboard --logdir {folder}")
    return 0


def write_projector(folder: Path, space: Space) -> None:
    """A checkpoint of the vectors, the words as metadata, and the projector's configuration."""
    words = [word.replace("\t", " ") for word in space.words]
    write_file(folder / "words.tsv", ("\n".join(words) + "\n").encode())
    projector = tf.contrib.tensorboard.plugins.projector
    with saying_why(folder), tf.Graph().as_default():
        vectors = tf.get_variable(
            "words", space.matrix.shape, initializer=tf.zeros_initializer(), trainable=False
        )
        with tf.Session() as session:
            vectors.load(np.asarray(space.matrix, np.float32), session)
            tf.train.Saver([vectors]).save(session, str(folder / "vectors.ckpt"))
        config = projector.ProjectorConfig()
        embedding = config.embeddings.add()
        embedding.tensor_name = vectors.name
        embedding.metadata_path = "words.tsv"
        with tf.summary.FileWriter(str(folder)) as writer:
            projector.visualize_embeddings(writer, config)
