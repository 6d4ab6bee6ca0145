"""Sparse tensors: indices [n, rank], values [n] and a dense shape [rank], as three tensors."""

from tailrace.ops.sparse import arithmetic, conversion, reduction, stored, structure

__all__ = ["arithmetic", "conversion", "reduction", "stored", "structure"]
