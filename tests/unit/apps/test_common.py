"""What the applications share."""

import argparse
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps import CLASSES, COMMANDS, UserError
from tailrace.apps.common import display, files, folder, options, parts, settings
from tailrace.apps.common.estimator import Estimator
from tailrace.apps.common.report import Report, new_figure, png
from tailrace.cli.main import build_parser


@dataclass(frozen=True)
class Toy(settings.Record):
    size: int = 3
    rate: float = 0.1
    kind: str = "a"

    def __post_init__(self) -> None:
        settings.at_least("size", self.size, 1)
        settings.above_zero("rate", self.rate)
        settings.within("rate", self.rate, 0, 1)
        settings.choice("kind", self.kind, ["a", "b"])


class ToyModel(Estimator[Toy]):
    settings_class = Toy

    def _is_fitted(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"size": 0}, "--size 0: must be at least 1"),
        ({"size": 1.5}, "--size 1.5: must be a whole number"),
        ({"size": True}, "must be a whole number"),
        ({"rate": 0}, "--rate 0: must be above 0"),
        ({"rate": 1.0}, "--rate 1.0: must be from 0 to below 1"),
        ({"rate": float("inf")}, "must be a number"),
        ({"kind": "c"}, "--kind c: must be one of a, b"),
        ({"sort": 1}, "no such setting: sort"),
    ],
)
def test_settings_that_cannot_be(given: dict, reason: str):
    with pytest.raises(UserError, match=re.escape(reason)):
        Toy.of(**given)


def test_settings_from_json_and_options():
    made = Toy.of(size=5)
    assert Toy.from_json(made.to_json()) == made
    with pytest.raises(UserError, match="missing or unknown: rate"):
        Toy.from_json({"size": 1, "kind": "a"})
    args = argparse.Namespace(size=7, rate=None, other=3)
    assert Toy.given(args) == {"size": 7}


def test_estimators_have_parameters():
    model = ToyModel(size=4)
    assert model.get_params() == {"size": 4, "rate": 0.1, "kind": "a"}
    assert repr(model.set_params(kind="b")) == "ToyModel(size=4, kind='b')"
    with pytest.raises(UserError, match="not fitted yet"):
        model._check_fitted()


def test_files_are_written_whole_or_not_at_all(tmp_path: Path):
    path = tmp_path / "f"
    files.write_file(path, b"one")
    files.write_file(path, b"two")
    assert path.read_bytes() == b"two"
    with pytest.raises(UserError, match="cannot be written"):
        files.write_file(tmp_path / "no" / "f", b"")
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_folders_that_are_free(tmp_path: Path):
    first = files.free_folder(str(tmp_path / "m"))
    files.make_folder(first)
    assert files.free_folder(str(tmp_path / "m")) == tmp_path / "m-2"
    (first / "x").write_text("x")
    with pytest.raises(UserError, match=r"already; name another folder, or else$"):
        files.make_folder(first, hint="or else")
    with pytest.raises(UserError, match="is a file"):
        files.make_folder(first / "x")


def test_model_folders_say_whose_they_are(tmp_path: Path):
    folder.write(tmp_path, "toy", 1, {"x": [1]})
    assert folder.read(tmp_path, "toy", 1)["x"] == [1]
    with pytest.raises(UserError, match="is a model of tailrace toy, not other"):
        folder.read(tmp_path, "other", 1)
    with pytest.raises(UserError, match="format 1, not 2"):
        folder.read(tmp_path, "toy", 2)
    (tmp_path / folder.FILE).write_text("[]")
    with pytest.raises(UserError, match="the model is damaged"):
        folder.read(tmp_path, "toy", 1)


def test_checkpoints_come_back_and_old_ones_go(tmp_path: Path):
    with tf.Graph().as_default(), tf.Session() as session:
        variable = tf.Variable(1.0)
        checkpoints = folder.Checkpoints(tmp_path, "best", [variable])
        names = []
        for step in range(3):
            variable.load(float(step), session)
            names.append(checkpoints.save(session, step))
        checkpoints.restore(session, names[1])
        assert session.run(variable) == 1.0
        with pytest.raises(UserError, match="damaged: checkpoint best/model-0"):
            checkpoints.restore(session, names[0])


def test_a_checkpoint_that_may_be_named_is_never_written_over(tmp_path: Path):
    with tf.Graph().as_default(), tf.Session() as session:
        variable = tf.Variable(1.0)
        checkpoints = folder.Checkpoints(tmp_path, "last", [variable])
        names = []
        for value in (1.0, 2.0, 3.0):
            before = {file: file.read_bytes() for file in tmp_path.glob("last/model*")}
            variable.load(value, session)
            names.append(checkpoints.save(session, 7))
            if len(names) > 1:
                kept = [file for file in before if file.name.startswith(f"{Path(names[-2]).name}.")]
                assert len(kept) == 2
                assert all(file.read_bytes() == before[file] for file in kept)
        assert names[0] == names[2] != names[1]
        again = folder.Checkpoints(tmp_path, "last", [variable])
        again.keep(names[2])
        assert again.save(session, 7) != names[2]
        for name, value in ((names[1], 3.0), (names[2], 3.0)):
            again.restore(session, name)
            assert session.run(variable) == value


def test_parts_in_order_follow_on_one_another():
    found = parts.in_order(101, 0.1)
    rows = np.arange(101)
    together = [rows[found.train], rows[found.validation], rows[found.test]]
    np.testing.assert_array_equal(np.concatenate(together), rows)
    assert [len(part) for part in together] == [91, 5, 5]


def test_parts_by_lot_keep_classes_in_proportion():
    classes = np.repeat([0, 1], [300, 100])
    found = parts.shuffled(400, 0.2, 3, classes)
    every = np.concatenate([found.train, found.validation, found.test])
    assert sorted(every.tolist()) == list(range(400))
    for part in (found.train, found.validation, found.test):
        assert classes[part].mean() == pytest.approx(0.25)
    again = parts.shuffled(400, 0.2, 3, classes)
    np.testing.assert_array_equal(found.test, again.test)
    assert (parts.shuffled(400, 0.2, 4, classes).test != found.test).any()
    with pytest.raises(UserError, match="too few to be divided"):
        parts.shuffled(5, 0.2, 1)


def test_mean_and_deviation():
    assert parts.mean_and_deviation([1.0, 2.0, 3.0]) == "2.000 ± 1.000"
    assert parts.mean_and_deviation([0.5]) == "0.500"


def test_tables_print_what_looks_like_markup(capsys: pytest.CaptureFixture[str]):
    display.show(display.Table(["[name]", "n"], [["[bold]", "1.0"], ["b", "10.0"]]))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [["[name]", "n"], ["[bold]", "1.0"], ["b", "10.0"]]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C ends Python, also where a shell started the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupts_ask_once_and_then_end():
    asked = []
    before = signal.getsignal(signal.SIGINT)
    with display.stopping(lambda: asked.append(1)):
        signal.raise_signal(signal.SIGINT)
        assert asked == [1]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_clock():
    assert display.clock(125.4) == "2:05"
    assert display.clock(float("inf")) == "?"


def test_reports_stand_alone(tmp_path: Path):
    figure = new_figure(2, 1)
    figure.add_subplot().plot([1, 2])
    report = Report("A < B")
    report.text("see", code="<x>", after=".")
    report.table(display.Table(["m", "f"], [["a & b", "1"], ["c", "2"]], best=1))
    report.image("p.png", png(figure), 'a "picture"')
    report.settings({"seq_len": 5})
    page = report.write(tmp_path).read_text()
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "<h1>A &lt; B</h1>" in page
    assert '<tr class="best"><td>c</td><td class="n">2</td></tr>' in page
    assert "seq len" in page


def test_every_application_is_there():
    """Each line of the table of applications is a command, and each class can be had."""
    import tailrace.apps as apps

    usage = build_parser().format_help()
    assert all(re.search(rf"^    {name} ", usage, re.M) for name in ("lm",) if name in COMMANDS)
    assert all(isinstance(getattr(apps, name), type) for name in CLASSES)


def test_commands_are_loaded_when_called():
    parser = argparse.ArgumentParser()
    one = options.command(parser.add_subparsers(), "one", "does one", "example:\n  one\n")
    options.add_out(one, "toy")
    options.add_seed(one, 1)
    options.add_ends(one, 2.5)
    one.set_defaults(command=options.later("tailrace.apps.no_such", "function"))
    args = parser.parse_args(["one", "--out", "x", "--seed", "4", "--minutes", "0.5"])
    assert (args.out, args.seed, args.minutes, args.epochs) == ("x", 4, 0.5, None)
    with pytest.raises(ModuleNotFoundError):
        args.command(args)
