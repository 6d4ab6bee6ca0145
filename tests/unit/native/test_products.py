import pytest
import torch

from tailrace.native import products
from tailrace.native.loader import isas, use_isa


def _prefer_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_OWN_ISA", "_OWN_WORK", "_OWN_COLUMNS", "_TURNED_ROWS", "_ALONE"):
        monkeypatch.setattr(products, name, 0)


@pytest.fixture(params=["small", "large", *isas()])
def sizes(request, monkeypatch):
    """All ways to multiply, at the same sizes."""
    if request.param == "large":
        monkeypatch.setattr(products, "_ROWS", 1)
        monkeypatch.setattr(products, "_WORK", 1)
        monkeypatch.setattr(products, "_COPIED", 1)
    elif request.param != "small":
        _prefer_our_own(monkeypatch)
        use_isa(request.param)
    yield request.param
    if isas():
        use_isa(isas()[-1])


def _random(rows: int, columns: int, dtype: torch.dtype, transposed: bool) -> torch.Tensor:
    if transposed:
        return torch.randn(columns, rows, dtype=dtype).t()
    return torch.randn(rows, columns, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("turned", [(a, b) for a in (False, True) for b in (False, True)])
def test_products_of_any_strides(sizes, dtype, turned):
    a, b = _random(7, 5, dtype, turned[0]), _random(5, 3, dtype, turned[1])
    expected = (a.double() @ b.double()).to(dtype)
    with torch.inference_mode():
        torch.testing.assert_close(products.product(a, b), expected)


@pytest.mark.parametrize("rows", [(4,), (4, 1, 6), (3, 0, 2)])
def test_stacked_products(sizes, rows):
    left = [_random(n, 5, torch.float32, transposed=True) for n in rows]
    b = torch.randn(5, 3)
    with torch.inference_mode():
        torch.testing.assert_close(products.stacked(left, b), torch.cat([a @ b for a in left]))


def test_nan_and_infinity_pass_through(sizes):
    a, b = torch.ones(5, 4).t(), torch.ones(5, 3)
    a[1, 2], a[2, 0] = float("nan"), float("inf")
    with torch.inference_mode():
        result = products.product(a, b)
    assert result[1].isnan().all()
    assert result[2].isinf().all()
    assert result[0].eq(5).all()


@pytest.mark.skipif(not isas(), reason="the native library is not there")
@pytest.mark.parametrize("isa", isas())
@pytest.mark.parametrize("turned", [(a, b) for a in (False, True) for b in (False, True)])
@pytest.mark.parametrize(
    ("rows", "depth", "columns"),
    [(1, 1, 1), (6, 7, 64), (13, 3, 65), (131, 40, 81), (9, 1030, 17), (257, 5, 130), (4, 0, 3)],
)
def test_our_own_product(monkeypatch, isa, turned, rows, depth, columns):
    _prefer_our_own(monkeypatch)
    use_isa(isa)
    a = _random(rows, depth, torch.float32, turned[0])
    b = _random(depth, columns, torch.float32, turned[1])
    room, found = torch.full((rows + 2, columns + 3), 7.0), []
    for threads in (1, 2, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        products._multiply(a, b, room[1:-1, 1:-2])
        found.append(room[1:-1, 1:-2].clone())
    use_isa(isas()[-1])
    exact = (a.double() @ b.double()).float()
    torch.testing.assert_close(found[0], exact, rtol=1e-5, atol=1e-5 * max(1, depth) ** 0.5)
    assert all(torch.equal(found[0], other) for other in found[1:])
    room[1:-1, 1:-2] = 7
    assert room.eq(7).all()


def test_factors_that_share_a_row(sizes):
    a, b = torch.randn(1, 5).expand(6, 5), torch.randn(5, 1).expand(5, 4)
    with torch.inference_mode():
        torch.testing.assert_close(products.product(a, b), a.contiguous() @ b.contiguous())
