"""The report of a recognizer: sound, letters over time, errors, how it learnt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tailrace.apps.common.display import Table
from tailrace.apps.common.report import FAINT, MAIN, OTHER, Report, new_figure, png
from tailrace.apps.speech.data import Utterance
from tailrace.apps.speech.recognizer import Heard, Recognizer
from tailrace.apps.speech.trial import Trial

# utterances shown with their letters over time, and mistakes listed
PICTURES, MISTAKES = 2, 12


def write_report(
    folder: Path, trial: Trial, data: str, history: Sequence[dict[str, float]]
) -> Path:
    """Writes report.html and its pictures; returns the page's path."""
    recognizer, parts = trial.recognizer, trial.parts
    report = Report("Speech recognition")
    voices = len({one.speaker for one in parts.test}) if parts.test[0].speaker else 0
    unheard = f" by {voices} voices that were not learnt" if voices else ""
    report.text(
        f"{data}. {len(parts.train):,} utterances to learn from, {len(parts.validation):,} to "
        f"choose by, {len(parts.test):,} to test on{unheard}."
    )
    report.heading("Errors on held-out recordings")
    for table in trial.tables():
        report.table(table)
    report.text(_about(recognizer))
    report.heading("Letters over time")
    report.text(
        "Above the sound's spectrum as the network reads it, below how likely it finds each "
        "letter; grey is the blank, with which the network says nothing new. The letters need no "
        "alignment to be learnt: CTC sums over all of them."
    )
    for number, place in enumerate(_shown(trial)):
        picture = letters_picture(recognizer, parts.test[place], trial.rows[place])
        said = f"Said: {trial.said[place]}"
        report.heading(f"{said}; heard: {trial.heard[trial.best][place]}", level=3)
        report.image(f"letters-{number + 1}.png", picture, said)
    _list_mistakes(report, trial)
    report.heading("Training")
    report.image("training.png", _curve(history), "Loss and errors during training")
    report.settings(recognizer.settings.to_json())
    return report.write(folder)


def _about(recognizer: Recognizer) -> str:
    how = recognizer.rescoring
    rescored = (
        f"Rescored: of the {recognizer.settings.paths} best readings the one with the highest "
        f"log P(text | sound) + {how.weight:g} log P(text) + {how.reward:g} per letter, the second "
        "from an n-gram model of the training transcripts; the weights were chosen on the "
        "validation part (weight 0 changes nothing). "
        if recognizer.settings.order
        else ""
    )
    return (
        "Wrong: insertions, deletions and substitutions in parts of what was said. Greedy: the "
        f"likeliest letter of each step. {rescored}With several seeds: mean ± standard deviation "
        "of the networks' seeds on the same recordings."
    )


def _shown(trial: Trial) -> list[int]:
    """The first utterance heard right and the first heard wrong."""
    heard = trial.heard[trial.best]
    right = [i for i, text in enumerate(heard) if text == trial.said[i] and " " in text]
    wrong = [i for i, text in enumerate(heard) if text != trial.said[i]]
    return [*right[:1], *wrong[:1], *right[1:]][:PICTURES]


def _list_mistakes(report: Report, trial: Trial) -> None:
    heard = trial.heard[trial.best]
    wrong = [
        [one.text, text]
        for one, text in zip(trial.parts.test, heard, strict=True)
        if one.text != text
    ]
    report.heading("What was heard wrong")
    if not wrong:
        report.text("Nothing.")
        return
    report.text(f"{len(wrong)} of {len(heard)} utterances; the first of them:")
    report.table(Table(["said", "heard"], wrong[:MISTAKES], left=2))


def letters_picture(recognizer: Recognizer, utterance: Utterance, row: Heard) -> bytes:
    """The spectrum of an utterance and the probabilities of its letters over time, as PNG."""
    settings, alphabet = recognizer.settings, recognizer.alphabet
    probabilities = recognizer.probabilities(row)
    seconds = len(row.features) * settings.stack * settings.step / settings.rate
    figure = new_figure(11, 5.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.2, 1])
    frames = row.features.reshape(-1, settings.channels)
    above.imshow(
        frames.T,
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=(0, seconds, 0, settings.channels),
    )
    above.set(ylabel="band" if settings.features == "log-mel" else "coefficient")
    times = (np.arange(len(probabilities)) + 0.5) * seconds / len(probabilities)
    below.plot(times, probabilities[:, -1], color=FAINT, lw=1, label="blank")
    colours = _colours(len(alphabet))
    for i, character in enumerate(alphabet.characters):
        likely = probabilities[:, i]
        if likely.max() < 0.1:
            continue
        below.plot(times, likely, color=colours[i], lw=1.5)
        for place in _peaks(likely):
            shown = "_" if character == " " else character
            below.annotate(
                shown,
                (times[place], likely[place]),
                textcoords="offset points",
                xytext=(0, 3),
                ha="center",
                fontsize=9,
                color=colours[i],
            )
    below.set(xlabel="seconds", ylabel="probability", ylim=(0, 1.18), xlim=(0, seconds))
    below.set_title(f"said: {utterance.text}", loc="left", fontsize=9)
    return png(figure)


def _colours(count: int) -> list[tuple[float, float, float, float]]:
    # half a second to load, wanted here only
    from matplotlib import colormaps

    strong = [colormaps["tab10"](i) for i in range(10)] + [colormaps["Dark2"](i) for i in range(8)]
    return [strong[i % len(strong)] for i in range(count)]


def _peaks(values: np.ndarray) -> list[int]:
    """Where values of a tenth and more are higher than beside them."""
    padded = np.concatenate([[0], values, [0]])
    up, down = padded[1:-1] > padded[:-2], padded[1:-1] >= padded[2:]
    return [int(i) for i in np.flatnonzero(up & down & (values > 0.2))]


def _curve(history: Sequence[dict[str, float]]) -> bytes:
    epochs = [row["epoch"] for row in history]
    figure = new_figure(9, 3.2)
    left, right = figure.subplots(1, 2)
    left.plot(epochs, [row["loss"] for row in history], color=FAINT, label="training part")
    valid = [row["validation loss"] for row in history]
    left.plot(epochs, valid, color=MAIN, label="validation part")
    left.set(xlabel="epoch", ylabel="CTC loss per utterance", yscale="log")
    left.legend()
    right.plot(epochs, [100 * row["letters wrong"] for row in history], color=OTHER)
    right.set(xlabel="epoch", ylabel="letters wrong, % (greedy)", ylim=(0, None))
    return png(figure)
