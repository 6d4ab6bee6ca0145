import pytest
import torch

from tailrace.native import rows
from tailrace.native.loader import isas, use_isa


@pytest.fixture(params=isas() or ["torch"])
def isa(request):
    if request.param != "torch":
        use_isa(request.param)
    yield request.param
    if request.param != "torch":
        use_isa(isas()[-1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (7, 3, 2), (50, 65, 9), (300, 260, 40), (3, 17, 90)])
@pytest.mark.parametrize("index", [torch.int32, torch.int64])
def test_rows_of_a_kind_are_summed(isa, dtype, sizes, index):
    count, columns, kinds = sizes
    matrix = torch.randn(count, columns, dtype=dtype)
    indices = torch.randint(0, kinds, (count,), dtype=index)
    found, sums, squares = rows.row_sums(matrix, indices, kinds)
    assert found.tolist() == sorted(set(indices.tolist()))
    exact = torch.stack([matrix[indices == k].double().sum(0) for k in found.tolist()])
    torch.testing.assert_close(sums, exact.to(dtype))
    torch.testing.assert_close(squares, matrix.double().square().sum().to(dtype))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads(isa, threads, monkeypatch):
    monkeypatch.setattr(rows, "_ALONE", 0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    matrix, indices = torch.randn(40, 200), torch.randint(0, 6, (40,))
    expected = torch.zeros(6, 200).index_add_(0, indices, matrix)
    found, sums, _ = rows.row_sums(matrix, indices, 6)
    torch.testing.assert_close(sums, expected[found])


def test_nan_and_infinity_stay_with_their_kind(isa):
    matrix = torch.ones(4, 5)
    matrix[1, 2], matrix[3, 0] = float("nan"), float("inf")
    found, sums, squares = rows.row_sums(matrix, torch.tensor([0, 1, 0, 2]), 4)
    assert found.tolist() == [0, 1, 2]
    assert sums[0].eq(2).all()
    assert sums[1].isnan().tolist() == [False, False, True, False, False]
    assert sums[2].isinf().tolist() == [True, False, False, False, False]
    assert squares.isnan()


@pytest.mark.parametrize("wrong", [-1, 4])
@pytest.mark.parametrize("native", [True, False])
def test_an_index_that_is_no_kind(wrong, native, monkeypatch):
    if not native:
        monkeypatch.setattr(rows, "entry", lambda name: None)
    with pytest.raises(IndexError, match="4 kinds"):
        rows.row_sums(torch.ones(2, 3), torch.tensor([0, wrong]), 4)


def test_without_rows(isa):
    found, sums, squares = rows.row_sums(torch.ones(0, 3), torch.zeros(0, dtype=torch.int64), 4)
    assert (found.shape, sums.shape, squares.item()) == ((0,), (0, 3), 0)


@pytest.mark.parametrize("sizes", [(1, 1), (16, 16), (5, 33), (48, 20), (70, 17), (0, 4)])
@pytest.mark.parametrize("threads", [1, 3])
def test_rows_become_columns(isa, sizes, threads, monkeypatch):
    monkeypatch.setattr(rows, "_ALONE", 0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    matrix, into = torch.randn(sizes), torch.empty(sizes[::-1])
    rows.copy_transposed(matrix, into)
    assert into.equal(matrix.t())
    double = matrix.double()
    rows.copy_transposed(double, into)
    assert into.equal(matrix.t())
