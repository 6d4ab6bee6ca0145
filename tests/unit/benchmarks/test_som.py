"""The benchmark of maps at toy size."""

import pytest

from benchmarks import som


def test_it_runs_without_minisom(monkeypatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(som.importlib.util, "find_spec", lambda name: None)
    toy = ["--vectors", "200", "--rows", "4", "--passes", "2", "--batch-passes", "4"]
    monkeypatch.setattr("sys.argv", ["som.py", *toy])
    som.main()
    out = capsys.readouterr().out
    assert "MiniSom is not installed" in out
    for name in ("Tailrace, batch", "Tailrace, online"):
        row = next(line for line in out.splitlines() if line.startswith(name))
        seconds, error, folds = (float(cell) for cell in row[len(name) :].split())
        assert seconds > 0
        assert 0 < error < 8
        assert folds < 0.5


def test_quality_is_that_of_the_weights():
    vectors = som.np.array([[0.0, 0], [3, 4]], dtype=som.np.float32)
    weights = som.np.array([[0.0, 0], [0, 1], [3, 3], [9, 9]])
    grid = som.Grid(1, 4, hexagonal=False)
    # distances 0 and 1; closest units 0, 1 and 2, 1: both pairs touch
    assert som.quality(vectors, weights, grid) == pytest.approx((0.5, 0.0))
