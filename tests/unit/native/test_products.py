import pytest
import torch

from tailrace.native import products


@pytest.fixture(params=["small", "large"])
def sizes(request, monkeypatch):
    """Both ways to multiply, at the same sizes."""
    if request.param == "large":
        monkeypatch.setattr(products, "_ROWS", 1)
        monkeypatch.setattr(products, "_WORK", 1)
        monkeypatch.setattr(products, "_COPIED", 1)
    return request.param


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
