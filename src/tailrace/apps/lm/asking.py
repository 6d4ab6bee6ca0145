"""`tailrace lm next`, `sample`, `chat`, `eval` and `baseline`: questions to a model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from tailrace.apps.common.display import Table, say, show
from tailrace.apps.common.settings import at_least
from tailrace.apps.common.vocabulary import Vocabulary, tokenize
from tailrace.apps.errors import UserError
from tailrace.apps.lm.arpa import ArpaModel, write_arpa
from tailrace.apps.lm.baselines import fit_baselines
from tailrace.apps.lm.choice import Choice
from tailrace.apps.lm.corpus import load_text, read_text
from tailrace.apps.lm.generate import begin, candidates, next_symbols, sample
from tailrace.apps.lm.ngram import bits
from tailrace.apps.lm.reading import Reader
from tailrace.apps.lm.report import percent, score_table, unit
from tailrace.apps.lm.runs import encode_parts, open_model
from tailrace.apps.lm.settings import Settings, given


def ask_next(args: argparse.Namespace) -> int:
    """`tailrace lm next`."""
    at_least("count", args.count, 1)
    contents, reader = open_model(args.model, args.mix)
    _answer(reader, contents.vocabulary, args.text, args.count)
    return 0


def _answer(reader: Reader, vocabulary: Vocabulary, text: str, count: int) -> None:
    """Prints the next words, and for a model of characters the next characters too."""
    _show_candidates("word", candidates(reader, vocabulary, text, count))
    if vocabulary.level == "char":
        probabilities, _ = begin(reader, vocabulary, text)
        _show_candidates("character", next_symbols(probabilities, vocabulary, count))


def _show_candidates(what: str, found: list[tuple[str, float]]) -> None:
    if not found:
        say(f"no {what} is likely to begin here")
        return
    rows = [[_visible(symbol), percent(probability)] for symbol, probability in found]
    show(Table([f"next {what}", "probability"], rows))


def _visible(symbol: str) -> str:
    return symbol if symbol.isprintable() and symbol.strip() else repr(symbol)


def chat(args: argparse.Namespace) -> int:
    """`tailrace lm chat`: each line typed is continued, until an empty one or the input's end."""
    at_least("count", args.count, 1)
    at_least("length", args.length, 1)
    choice = _choice(args)
    contents, reader = open_model(args.model, args.mix)
    vocabulary = contents.vocabulary
    say("Type how a text begins, and see what comes next; an empty line ends.")
    for number, text in enumerate(_lines()):
        try:
            _answer(reader, vocabulary, text, args.count)
            seed = None if args.seed is None else args.seed + number
            pieces = sample(reader, vocabulary, text, args.length, choice, seed=seed)
            _print_text(vocabulary, text, pieces)
        except UserError as error:
            say(str(error))
    return 0


def _lines() -> Iterable[str]:
    """Lines typed, or piped in."""
    while True:
        if sys.stdin.isatty():
            print("> ", end="", flush=True)
        line = sys.stdin.readline().rstrip("\n")
        if not line:
            return
        yield line


def draw(args: argparse.Namespace) -> int:
    """`tailrace lm sample`."""
    choice = _choice(args)
    at_least("length", args.length, 1)
    contents, reader = open_model(args.model, args.mix)
    vocabulary = contents.vocabulary
    pieces = sample(reader, vocabulary, args.prime, args.length, choice, seed=args.seed)
    _print_text(vocabulary, args.prime, pieces)
    return 0


def _choice(args: argparse.Namespace) -> Choice:
    return Choice(
        args.temperature,
        args.top_k,
        args.top_p,
        args.no_repeat,
        args.repetition_penalty,
        args.repetition_window,
    )


def _print_text(vocabulary: Vocabulary, prime: str, pieces: Iterable[list[str]]) -> None:
    """Prints a text; of characters, piece by piece as it is drawn."""
    if vocabulary.level == "word":
        drawn = [symbol for piece in pieces for symbol in piece]
        print(vocabulary.join([*vocabulary.tokens(prime), *drawn]))
        return
    print(prime, end="")
    for piece in pieces:
        print("".join(piece), end="", flush=True)
    print()


def evaluate(args: argparse.Namespace) -> int:
    """`tailrace lm eval`."""
    contents, reader = open_model(args.model, args.mix)
    vocabulary, level = contents.vocabulary, contents.settings.level
    ids = vocabulary.encode(read_text(args.files))
    mean = float(reader.bits(ids).mean())
    kind = "characters" if level == "char" else "words"
    print(f"{len(ids)} {kind}, {int((ids == 0).sum())} of them unknown to the model")
    print(f"{mean:.4f} {unit(level)}, perplexity {2**mean:.4g}")
    return 0


def compare(args: argparse.Namespace) -> int:
    """`tailrace lm baseline`."""
    settings = Settings.of(**given(args))
    if args.order is not None:
        at_least("order", args.order, 1)
    text, _ = load_text(args.files)
    parts, vocabulary = encode_parts(text, settings)
    if min(len(parts.train), len(parts.validation), len(parts.test)) < 2:
        raise UserError("the text is too short to be divided")
    if args.order is not None and args.order >= len(parts.train):
        raise UserError(f"--order {args.order}: the text is too short for it")
    orders = None if args.order is None else [args.order]
    models = fit_baselines(parts, len(vocabulary), settings.level, orders)
    show(_orders(models.kneser_ney_orders, models.markov_orders))
    say()
    show(score_table(settings.level, models.scores))
    if args.arpa is not None:
        write_arpa(Path(args.arpa), models.kneser_ney, vocabulary.symbols)
        say(f"The {models.kneser_ney.order}-gram model is in {args.arpa}.")
    if args.next is not None:
        distribution = models.kneser_ney.distribution(vocabulary.encode(args.next))
        say()
        what = "character" if settings.level == "char" else "word"
        _show_candidates(what, next_symbols(distribution, vocabulary, 5))
    return 0


def ask_arpa(args: argparse.Namespace) -> int:
    """`tailrace lm arpa`."""
    settings = Settings.of(**given(args))
    if not args.files and args.next is None:
        raise UserError("nothing to do: name a text file, or a text with --next")
    model = ArpaModel.read(args.model)
    if args.files:
        tokens = tokenize(read_text(args.files), settings.level)
        mean = bits(model.probabilities(tokens))
        say(f"{len(tokens)} symbols, {mean:.4f} {unit(settings.level)}, {2**mean:.4g} perplexity")
    if args.next is not None:
        found = model.distribution(tokenize(args.next, settings.level))
        best = sorted(found.items(), key=lambda item: -item[1])[:5]
        _show_candidates("character" if settings.level == "char" else "word", best)
    return 0


def _orders(smooth: dict[int, float], markov: dict[int, float]) -> Table:
    rows = [
        [str(order), *(f"{t[order]:.3f}" if order in t else "" for t in (smooth, markov))]
        for order in sorted({*smooth, *markov})
    ]
    return Table(["validation bits of an n-gram, n", "Kneser-Ney", "Markov, add k"], rows)
