"""What is wrong with a plan is found: steps in a circle, values nobody makes."""

import pytest

import tailrace as tf
from tailrace.errors import InternalError
from tailrace.plan import make_plan, planner, sizes
from tailrace.plan.ir import Loop
from tailrace.plan.verify import verify


@pytest.fixture
def plan(monkeypatch):
    """A chain `first`, `second`, `third`, and a loop."""
    monkeypatch.setenv("TAILRACE_PASSES", "none")
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2], name="x")
        y = tf.exp(tf.sin(tf.tanh(x, name="first"), name="second"), name="third")
        loop = tf.while_loop(lambda i: i < 3.0, lambda i: i + y[0], [0.0])
        return make_plan([y, loop], [], [x])


def step_of(plan, name):
    return next(s for s in plan.steps if s.op.name == name)


def test_a_plan_as_it_should_be(plan):
    verify(plan, "schedule")


def test_steps_in_a_circle_are_named(plan):
    first, third = step_of(plan, "first"), step_of(plan, "third")
    first.after.append(third)
    with pytest.raises(InternalError, match=r"cycle through operation '(first|second|third)'"):
        sizes.in_order(plan.steps)
    with pytest.raises(InternalError, match="after pass 'fuse': the plan has a cycle"):
        verify(plan, "fuse")


def test_a_step_that_is_missing(plan):
    plan.steps.remove(step_of(plan, "second"))
    with pytest.raises(InternalError, match=r"second:0.*operation 'third'"):
        verify(plan, "twins")


def test_a_fetch_nobody_makes(plan):
    plan.steps.remove(step_of(plan, "third"))
    plan.steps = [s for s in plan.steps if not isinstance(s, Loop)]
    with pytest.raises(InternalError, match=r"after pass 'fold': .*third"):
        verify(plan, "fold")


def test_an_output_of_another_step(plan):
    first, second = step_of(plan, "first"), step_of(plan, "second")
    second.outputs[0].step = first
    with pytest.raises(InternalError, match="is an output of"):
        verify(plan, "twins")


def test_a_guard_that_is_no_truth_value(plan):
    first, third = step_of(plan, "first"), step_of(plan, "third")
    third.guards = ((first.outputs[0], True),)
    with pytest.raises(InternalError, match="no truth value"):
        verify(plan, "control_flow")


def test_a_value_from_inside_a_loop(plan):
    loop = next(s for s in plan.steps if isinstance(s, Loop))
    step_of(plan, "third").inputs = [loop.body[0].outputs[0]]
    with pytest.raises(InternalError, match="not in the plan there"):
        verify(plan, "lift")


def test_passes_are_checked_where_asked_for(monkeypatch):
    def drops(plan):
        del plan.steps[0]
        return plan

    monkeypatch.setitem(planner.PASSES, "simplify", drops)
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [2], name="x")
        y = tf.exp(tf.sin(x))
        monkeypatch.setenv("TAILRACE_CHECK_PLANS", "1")
        with pytest.raises(InternalError, match="after pass 'simplify'"):
            session.plan(y, [x])
        monkeypatch.setenv("TAILRACE_CHECK_PLANS", "")
        session.plan(y, [x])
