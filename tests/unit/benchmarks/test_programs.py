"""The programs that are measured, at toy sizes: they run, and the engines do the same work."""

import os

import pytest

import tailrace as tf
from benchmarks import app_programs, programs, torch_programs
from benchmarks.bars import bars, difference
from benchmarks.cases import AGREEMENT, CASES, Case
from benchmarks.measure import TF1, measure
from benchmarks.worker import ENGINES, _flops_done

TOY = {
    "recurrent": {"vocabulary": 11, "hidden": 6, "layers": 2, "batch": 3, "steps": 4},
    "hand_unrolled": {"vocabulary": 11, "hidden": 6, "layers": 2, "batch": 3, "steps": 4},
    "generation": {"vocabulary": 11, "hidden": 6, "layers": 2},
    "mnist_cnn": {"batch": 2},
    "mnist_mlp": {"hidden": 5, "batch": 3},
    "text_cnn": {"vocabulary": 40, "size": 4, "length": 7, "filters": 3, "batch": 3},
    "batch_norm_mlp": {"hidden": 5, "batch": 4},
    "word2vec": {"vocabulary": 40, "size": 4, "batch": 6, "sampled": 3},
}


def toy(name: str) -> Case:
    return CASES[name].with_sizes(**TOY.get(CASES[name].program, {}))


def spec(case: Case, engine: str, form: str, **more: str) -> dict[str, object]:
    arguments = {**case.arguments, **({"form": form} if form else {})}
    return {"engine": engine, "program": case.program, "arguments": arguments, **more}


def results(spec: dict[str, object]) -> dict[str, list[float]]:
    with tf.Graph().as_default():
        step, _ = ENGINES[str(spec["engine"])](spec)
        return {"results": [step() for _ in range(3)]}


SMALLEST = ["lstm-65-128", "gru-65-128", "rnn-65-128"]
NAMES = [*SMALLEST, *(n for n, c in CASES.items() if c.section in ("generation", "graphs"))]


def test_every_case_has_its_programs():
    known = {"torch": torch_programs, "apps": app_programs}
    for case in CASES.values():
        for engine in case.forms:
            assert case.program in known.get(engine, programs).PROGRAMS, case.name
        assert set(case.at_least) <= set(case.forms), case.name


@pytest.mark.parametrize("name", [n for n in NAMES if "torch" in CASES[n].forms])
def test_pytorch_does_the_same_work(name: str, tmp_path):
    case, weights = toy(name), str(tmp_path / "weights.npz")
    mine = results(spec(case, "tailrace", case.forms["tailrace"][0], save_weights=weights))
    count = case.compared["torch"]
    for form in case.forms["torch"]:
        other = results(spec(case, "torch", form, load_weights=weights))
        assert not count or difference(mine, other, count) < AGREEMENT


@pytest.mark.parametrize("form", ["dynamic", "static", "block"])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_recurrent_program_learns_in_every_form(kind: str, form: str):
    found = results(spec(toy(f"{kind}-65-128"), "tailrace", form))["results"]
    assert found[0] > found[1] > found[2]


def test_flops_are_those_that_the_plan_does():
    sizes = {"vocabulary": 9, "hidden": 32, "batch": 6, "steps": 10}
    found = []
    for layers in (1, 2, 3):
        case = CASES["lstm-65-128"].with_sizes(layers=layers, **sizes)
        with tf.Graph().as_default():
            step, _ = ENGINES["tailrace"](spec(case, "tailrace", "dynamic"))
            found.append(_flops_done(step))
    product = 2 * sizes["batch"] * sizes["steps"] * sizes["hidden"] * 4 * sizes["hidden"]
    # besides products there are sums, of which small ones join a call whose flops nobody counts
    for more, fewer in ((2, 1), (1, 0)):
        assert found[more] - found[fewer] == pytest.approx(6 * product, rel=0.06)
    # of the first layer's six, those with looked-up rows are done once a word
    assert 3 * product < found[0] < 5 * product


def test_the_loop_of_generation_feeds_the_state_back():
    found = results(spec(toy("generation"), "tailrace", ""))["results"]
    assert len(set(found)) == 3


@pytest.mark.tf1
@pytest.mark.parametrize("name", [n for n in NAMES if "tensorflow" in CASES[n].forms])
def test_tensorflow_does_the_same_work(name: str):
    assert os.environ[TF1]
    figures = measure(toy(name), samples=1, budget_s=0.1, tries=1)
    beside = [bar for bar in bars({name: figures}) if "beside" in bar.what]
    assert beside
    assert all(bar.met for bar in beside), beside
