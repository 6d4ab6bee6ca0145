"""`tf.flags` and `tf.logging` as programs use them."""

import logging
import sys
from collections.abc import Iterator

import pytest
from absl import flags as absl_flags

from tailrace.library import flags
from tailrace.library import logging as tf_logging


@pytest.fixture
def _unparsed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process's flags as if nothing had been parsed; flags of the test are removed after it."""
    before = set(absl_flags.FLAGS)
    parsed = absl_flags.FLAGS.is_parsed()
    absl_flags.FLAGS.unparse_flags()
    yield
    for name in set(absl_flags.FLAGS) - before:
        delattr(absl_flags.FLAGS, name)
    if parsed:
        absl_flags.FLAGS.mark_as_parsed()


@pytest.mark.usefixtures("_unparsed")
def test_values_are_parsed_when_first_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["prog", "--zz_steps=7", "--nozz_fast", "rest"])
    flags.DEFINE_integer("zz_steps", 3, "How many.")
    flags.DEFINE_boolean(flag_name="zz_fast", default_value=True, docstring="Fast?")
    flags.DEFINE_string("zz_dir", "here", "Where.")
    assert (flags.FLAGS.zz_steps, flags.FLAGS.zz_fast, flags.FLAGS.zz_dir) == (7, False, "here")
    flags.FLAGS.zz_steps = 9
    assert flags.FLAGS.zz_steps == 9
    assert flags.FLAGS["zz_steps"].value == 9
    assert "zz_dir" in flags.FLAGS
    assert {"zz_steps", "zz_fast"} <= set(flags.FLAGS)


@pytest.mark.usefixtures("_unparsed")
def test_parsing_as_before_1_5(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["prog", "--zz_rate=0.5"])
    flags.DEFINE_float("zz_rate", 1.0, "Rate.")
    flags.FLAGS._parse_flags()
    assert flags.FLAGS.zz_rate == 0.5


@pytest.mark.usefixtures("_unparsed")
def test_unknown_names(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["prog"])
    with pytest.raises(AttributeError):
        _ = flags.FLAGS.zz_nothing
    flags.DEFINE_integer("zz_once", 1, "Once.")
    with pytest.raises(absl_flags.DuplicateFlagError):
        flags.DEFINE_integer("zz_once", 1, "Twice.", module_name="elsewhere")


def test_messages_name_the_caller(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, logger="tensorflow"):
        tf_logging.info("step %d", 3)
        tf_logging.log(tf_logging.ERROR, "bad")
        tf_logging.log_if(tf_logging.INFO, "never", False)
    assert [record.getMessage() for record in caplog.records] == ["step 3", "bad"]
    assert {record.filename for record in caplog.records} == {"test_flags_and_logging.py"}


def test_some_of_many(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, logger="tensorflow"):
        for i in range(7):
            tf_logging.log_every_n(tf_logging.INFO, "every %d", 3, i)
            tf_logging.log_first_n(tf_logging.INFO, "first %d", 2, i)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["every 0", "first 0", "first 1", "every 3", "every 6"]
