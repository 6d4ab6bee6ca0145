"""The benchmark of the adding problem at toy size."""

import numpy as np
import pytest

from benchmarks import adding


def test_sums_are_those_of_the_marked_numbers():
    x, y = adding.sequences(50, 20, np.random.default_rng(1))
    assert x.shape == (20, 50, 2)
    assert x[..., 1].sum(0).tolist() == [2.0] * 50
    np.testing.assert_allclose((x[..., 0] * x[..., 1]).sum(0), y[:, 0], rtol=1e-6)
    assert (x[:2, :, 1].sum(0) == 1).all()
    assert not x[10:, :, 1].any()


def test_hessian_free_solves_a_short_one(monkeypatch, capsys: pytest.CaptureFixture[str]):
    toy = ["--length", "8", "--units", "10", "--sequences", "300", "--seconds", "4", "--verbose"]
    monkeypatch.setattr(adding, "RATES", {"SGD": (0.1,), "Adam": (0.01,)})
    monkeypatch.setattr("sys.argv", ["adding.py", *toy])
    adding.main()
    lines = capsys.readouterr().out.splitlines()
    table = lines[lines.index(next(line for line in lines if line.startswith("adding"))) :]
    assert table[2].startswith("Hessian-free")
    assert table[2].endswith("solved")
    assert [line.split(",")[0] for line in table[3:]] == ["SGD", "Adam"]
