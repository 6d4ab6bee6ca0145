"""The benchmark of element-wise chains at toy size."""

import pytest

import tailrace as tf
from benchmarks import fusion


@pytest.mark.parametrize("chain", fusion.CHAINS)
def test_a_chain_is_measured(monkeypatch, chain):
    monkeypatch.setattr(fusion, "BATCHES", 1)
    monkeypatch.setattr(fusion, "BATCH_S", 0.0)
    assert fusion.measured(tf, chain, 2, 3) > 0


def test_the_table_compares_engines():
    table = fusion.table(["fused", "tf"], {"fused": {"gates 1x1": 1e-5}, "tf": {"gates 1x1": 2e-5}})
    assert table.splitlines()[1].split() == ["gates", "1x1", "10.0", "1.00x", "20.0", "2.00x"]
