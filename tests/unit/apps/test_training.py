import json
import math

import numpy as np
import pytest

import tailrace as tf
from tailrace.apps import UserError
from tailrace.apps.common import folder as folders
from tailrace.apps.common.figures import Figure, read_figures, write_figures
from tailrace.apps.common.runs import Kind, Run
from tailrace.apps.common.training import Course, Progress, Training

KIND = Kind("toy", 1)


def counted(log):
    def step(batch, rate):
        log.append((batch, rate))
        return 1.0 / len(log)

    return step


def test_an_evaluation_follows_each_epoch_and_training_ends_after_the_last():
    log, rows = [], []
    training = Training(Course(0.1, epochs=3, warm_up=0))
    finished = training.run(
        lambda epoch: [(epoch, i) for i in range(4)],
        counted(log),
        lambda: {"error": 5.0 - len(log)},
        on_evaluation=lambda row, best: rows.append((row["step"], row["epoch"], best)),
    )
    assert finished
    assert [batch for batch, _ in log] == [(e, i) for e in range(3) for i in range(4)]
    assert rows == [(4, 1, True), (8, 2, True), (12, 3, True)]
    assert training.progress.finished


def test_the_rate_rises_and_falls():
    course = Course(1.0, epochs=1, warm_up=10, least_rate=0.1)
    assert course.rate(0, 0.0) == pytest.approx(0.1)
    assert course.rate(100, 0.5) == pytest.approx(0.5)
    assert course.rate(100, 1.0) == pytest.approx(0.1)


def test_evaluations_every_few_steps_go_across_epochs():
    rows = []
    training = Training(Course(0.1, epochs=3, every=4))
    training.run(
        lambda epoch: range(3),
        lambda batch, rate: 1.0,
        lambda: {"error": 1.0},
        on_evaluation=lambda row, best: rows.append((row["step"], row["loss"])),
    )
    # the last one is the end's
    assert rows == [(4, 1.0), (8, 1.0), (9, 1.0)]


def test_patience_ends_training():
    errors = iter([3.0, 2.0, 2.5, 2.5, 1.0])
    training = Training(Course(0.1, epochs=50, patience=2))
    finished = training.run(lambda epoch: [0], lambda b, r: 1.0, lambda: {"error": next(errors)})
    assert finished
    assert training.progress.best == 2.0
    assert training.progress.epoch == 4


def test_stopped_training_goes_on_where_it_was():
    seen = []
    first = Training(Course(0.1, epochs=2))

    def step(batch, rate):
        seen.append(batch)
        if len(seen) == 3:
            first.stop()
        return 1.0

    def batches(epoch):
        return [(epoch, i) for i in range(4)]

    assert not first.run(batches, step, lambda: {"error": 1.0})
    kept = json.loads(json.dumps(vars(first.progress)))
    second = Training(Course(0.1, epochs=2), Progress(**kept))
    assert second.run(batches, step, lambda: {"error": 1.0})
    assert seen == [(e, i) for e in range(2) for i in range(4)]


def test_a_loss_that_is_no_number_is_said():
    training = Training(Course(0.1, epochs=1))
    with pytest.raises(UserError, match=r"step 1: the loss is nan; try a smaller --learning-rate"):
        training.run(lambda epoch: [0], lambda b, r: math.nan, lambda: {"error": 1.0})


def test_no_batches_are_said():
    with pytest.raises(UserError, match="too little to learn from"):
        Training(Course(0.1, epochs=1)).run(
            lambda epoch: [], lambda b, r: 1.0, lambda: {"error": 1.0}
        )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "needs an end"),
        ({"epochs": 0}, "--epochs 0: must be at least 1"),
        ({"minutes": 0}, "--minutes 0: must be above 0"),
    ],
)
def test_a_course_without_an_end_is_refused(given, said):
    with pytest.raises(UserError, match=said):
        Course(0.1, **given)


class Toy:
    """y = w x, to be fitted to y = 3 x."""

    def __init__(self, folder, epochs):
        self.graph = tf.Graph()
        with self.graph.as_default():
            self.x = tf.placeholder(tf.float32, [None])
            self.rate = tf.placeholder(tf.float32, [])
            self.w = tf.get_variable("w", [], initializer=tf.zeros_initializer())
            self.loss = tf.reduce_mean(tf.square(self.w * self.x - 3.0 * self.x))
            self.update = tf.train.AdamOptimizer(self.rate).minimize(self.loss)
            self.session = tf.Session(graph=self.graph)
            self.session.run(tf.global_variables_initializer())
        course = Course(0.1, epochs=epochs, warm_up=0)
        self.run = Run(folder, KIND, self.session, course, lambda: {"what": "a toy"})

    def train(self, hook=lambda: None):
        random = np.random.default_rng(0).normal(size=(8, 5))

        def step(batch, rate):
            hook()
            feed = {self.x: batch, self.rate: rate}
            return self.session.run([self.loss, self.update], feed)[0]

        def evaluate():
            return {"error": self.session.run(self.loss, {self.x: [1.0]})}

        return self.run.train(lambda epoch: random, step, evaluate)


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path):
    whole = Toy(tmp_path / "whole", 4)
    assert whole.train()
    part = Toy(tmp_path / "part", 4)
    steps = iter(range(1000))
    assert not part.train(lambda: part.run.training.stop() if next(steps) == 12 else None)
    rest = Toy(tmp_path / "part", 4)
    rest.run.resume(folders.read(tmp_path / "part", "toy", 1))
    assert rest.train()
    assert rest.session.run(rest.w) == whole.session.run(whole.w)
    assert rest.run.progress.step == whole.run.progress.step == 32


def test_a_run_leaves_curves_for_tensorboard(tmp_path):
    assert Toy(tmp_path, 2).train()
    (events,) = (tmp_path / "logs").iterdir()
    tags = {v.tag for e in tf.train.summary_iterator(str(events)) for v in e.summary.value}
    assert {"validation/error", "train/loss"} <= tags


def test_figures_are_written_with_mean_and_deviation(tmp_path):
    write_figures(tmp_path, "toy", 3.14159, accuracy=Figure([0.5, 0.7], ("guess", 0.25)))
    found = read_figures(tmp_path)
    assert found["seconds"] == 3.1
    accuracy = found["figures"]["accuracy"]
    assert accuracy["value"] == pytest.approx(0.6)
    assert accuracy["deviation"] == pytest.approx(math.sqrt(0.02))
    assert (accuracy["baseline"], accuracy["baseline_value"]) == ("guess", 0.25)
