"""`tailrace classify predict` and `eval`."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path

import numpy as np
from rich.text import Text

from tailrace.apps.classify.classifier import Classifier, Inputs
from tailrace.apps.classify.data import Examples, read_examples
from tailrace.apps.classify.explaining import Explanation, explain, way_for
from tailrace.apps.classify.measures import Quality, judge
from tailrace.apps.common.display import Table, console, say, show
from tailrace.apps.common.files import read_text, write_file
from tailrace.apps.errors import UserError

# texts printed at most, and words given as reasons
MOST_TEXTS, REASONS = 50, 4


def predict(args: argparse.Namespace) -> int:
    """Says of texts, or of a table's rows, which class they are of."""
    classifier = Classifier.load(args.model)
    way = way_for(classifier, args.explain)
    inputs = _inputs(classifier, args)
    if args.to:
        found = explain(classifier, inputs, "none")
        write_file(Path(args.to), _csv(classifier, inputs, found).encode())
        say(f"{len(found):,} answers written to {args.to}")
        return 0
    for number, one in enumerate(explain(classifier, inputs[:MOST_TEXTS], way)):
        _tell(one, f"row {number + 1}" if classifier.reader is None else str(inputs[number]), way)
    if len(inputs) > MOST_TEXTS:
        say(f"and {len(inputs) - MOST_TEXTS:,} more; --to FILE writes all of them")
    return 0


def _inputs(classifier: Classifier, args: argparse.Namespace) -> Inputs:
    if bool(args.texts) == (args.file is not None):
        raise UserError("give texts, or --file FILE with some")
    if args.texts and classifier.reader is None:
        raise UserError(
            f"{args.model}: tells rows of numbers apart ({', '.join(classifier.columns)}); "
            "give a table with --file"
        )
    if args.texts:
        return args.texts
    if classifier.reader is not None and Path(args.file).suffix.lower() == ".txt":
        if args.text is not None:
            raise UserError("--text: is for CSV files; a .txt file has a text in every line")
        return [line for line in read_text(args.file).split("\n") if line.strip()]
    return _examples(classifier, args.file, args.text, None, unlabelled=True).inputs


def _examples(
    classifier: Classifier, path: str, text: str | None, label: str | None, *, unlabelled: bool
) -> Examples:
    """A CSV file as the classifier needs it."""
    if classifier.reader is None:
        if text is not None:
            raise UserError("--text: the model tells rows of numbers apart, not texts")
        columns = ",".join(classifier.columns)
        return read_examples(path, None, label, columns, unlabelled=unlabelled)
    return read_examples(path, text or "text", label, unlabelled=unlabelled)


def _tell(one: Explanation, text: str, way: str) -> None:
    """An answer with its text; words for it are blue, words against it red."""
    console.print(Text(f"{one.label} {one.chance:.2f}  ", style="bold"), Text(text), soft_wrap=True)
    if way == "none":
        return
    reasons = one.strongest(REASONS)
    shown = Text("    because of: " if reasons else "    no word of it is known")
    for i, (word, value) in enumerate(reasons):
        shown.append(", " if i else "")
        shown.append(f"{word} {value:+.2f}", style="blue" if value > 0 else "red")
    console.print(shown, soft_wrap=True)


def _csv(classifier: Classifier, inputs: Inputs, found: list[Explanation]) -> str:
    chances = classifier.probabilities(inputs)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [f"P({name})" for name in classifier.classes]
    has_text = classifier.reader is not None
    writer.writerow([*(["text"] if has_text else ["row"]), "label", *names])
    for number, (one, row) in enumerate(zip(found, chances, strict=True)):
        first = str(inputs[number]) if has_text else number + 1
        writer.writerow([first, one.label, *(f"{value:.6f}" for value in row)])
    return text.getvalue()


def evaluate(args: argparse.Namespace) -> int:
    """Says how good a model's answers to a labelled file are."""
    classifier = Classifier.load(args.model)
    examples = _examples(classifier, args.file, args.text, args.label, unlabelled=False)
    known = set(classifier.classes)
    strange = sorted(set(examples.labels) - known)
    if strange:
        raise UserError(
            f"{args.file}: has the label {strange[0]!r}; the model knows "
            f"{', '.join(classifier.classes)}"
        )
    rows = classifier.rows(examples.inputs, examples.labels)
    answers = classifier.learner.probabilities(rows.inputs, rows.lengths).argmax(1)
    quality = judge(rows.labels, answers, len(classifier.classes))
    frequent = np.bincount(rows.labels).max() / len(rows)
    for note in examples.notes:
        say(note)
    say(
        f"{len(rows):,} examples: accuracy {quality.accuracy:.3f}, macro F1 "
        f"{quality.macro_f1:.3f}; always the most frequent class would be {frequent:.3f}\n"
    )
    show(classes_table(quality, classifier.classes))
    return 0


def classes_table(quality: Quality, classes: list[str]) -> Table:
    """Precision, recall and F1 of each class, and which answers its examples got."""
    columns = ["", "examples", "precision", "recall", "F1", *(f"as {name}" for name in classes)]
    rows = [
        [name, f"{count:.0f}", *(f"{v:.3f}" for v in (precision, recall, f1)), *map(str, answers)]
        for name, (precision, recall, f1, count), answers in zip(
            classes, quality.of_classes(), quality.confusion, strict=True
        )
    ]
    return Table(columns, rows)
