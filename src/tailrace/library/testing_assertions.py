"""What `tf.test.TestCase` asserts about arrays, tensors and structures of them.

Source: TF 1.15 python/framework/test_util.py.
"""

# ruff: noqa: PT009 (these are unittest's assertions, extended)

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from absl.testing import absltest
from google.protobuf import text_format

from tailrace import dtypes, errors
from tailrace.graph import DeviceSpec, Tensor

# the producer and oldest consumer that graphs of TensorFlow 1.15 name
_GRAPH_DEF_VERSION = 134
_SMALL = 500
_SHOWN = 10


class ArrayAssertions(absltest.TestCase):
    """Assertions about tensors (evaluated first), arrays and nested Python values."""

    def evaluate(self, tensors: Any) -> Any:
        """The values of the tensors; `TestCase` says how."""
        raise NotImplementedError

    def _array(self, value: Any) -> np.ndarray:
        return np.asarray(self.evaluate(value) if isinstance(value, Tensor) else value)

    def assertNear(self, f1: float, f2: float, err: float, msg: str | None = None) -> None:
        """Passes if |f1 - f2| <= err."""
        note = f" ({msg})" if msg is not None else ""
        self.assertTrue(f1 == f2 or math.fabs(f1 - f2) <= err, f"{f1} != {f2} +/- {err}{note}")

    def assertArrayNear(
        self, farray1: Sequence[float], farray2: Sequence[float], err: float, msg: Any = None
    ) -> None:
        """`assertNear` for each pair of elements."""
        self.assertEqual(len(farray1), len(farray2), msg=msg)
        for f1, f2 in zip(farray1, farray2, strict=True):
            self.assertNear(float(f1), float(f2), err, msg=msg)

    def assertNDArrayNear(self, ndarray1: Any, ndarray2: Any, err: float, msg: Any = None) -> None:
        """Passes if the norm of the difference is less than `err`."""
        self.assertLess(np.linalg.norm(np.subtract(ndarray1, ndarray2)), err, msg=msg)

    def assertAllClose(
        self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: str | None = None
    ) -> None:
        """Passes if |a - b| <= atol + rtol·|b| everywhere in two structures of the same form.

        Raises: ValueError where the structures differ.
        """
        self._all_close(a, b, rtol, atol, "", msg or "")

    def _all_close(self, a: Any, b: Any, rtol: float, atol: float, path: str, msg: str) -> None:
        a = a._asdict() if hasattr(a, "_asdict") else a
        b = b._asdict() if hasattr(b, "_asdict") else b
        if isinstance(a, Mapping) != isinstance(b, Mapping):
            raise ValueError(f"Can't compare dict to non-dict, a{path} vs b{path}. {msg}")
        if isinstance(a, Mapping):
            note = f"mismatched keys: a{path} has keys {list(a)}, b{path} has {list(b)}. {msg}"
            self.assertCountEqual(a.keys(), b.keys(), msg=note)
            for key in a:
                self._all_close(a[key], b[key], rtol, atol, f"{path}[{key}]", msg)
            return
        if isinstance(a, list | tuple):
            try:
                a, b = self._array(a), self._array(b)
            except (ValueError, TypeError):
                self._elements_close(a, b, rtol, atol, path, msg)
                return
        note = f"Mismatched value: a{path} is different from b{path}. {msg}"
        self._arrays_close(self._array(a), self._array(b), rtol, atol, note)

    def _elements_close(
        self, a: Any, b: Any, rtol: float, atol: float, path: str, msg: str
    ) -> None:
        if len(a) != len(b):
            sizes = f"a{path} has {len(a)} items, but b{path} has {len(b)} items"
            raise ValueError(f"Mismatched length: {sizes}. {msg}")
        for i, (left, right) in enumerate(zip(a, b, strict=True)):
            self._all_close(left, right, rtol, atol, f"{path}[{i}]", msg)

    def _arrays_close(
        self, a: np.ndarray, b: np.ndarray, rtol: float, atol: float, msg: str
    ) -> None:
        self._same_shape(a, b, "")
        if not np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
            np.testing.assert_allclose(a, b, rtol=rtol, atol=atol, err_msg=msg, equal_nan=True)

    def _same_shape(self, a: np.ndarray, b: np.ndarray, msg: str) -> None:
        contents = f" with contents {b}" if b.ndim <= 3 or b.size < _SMALL else ""
        note = f"Shape mismatch: expected {a.shape}, got {b.shape}{contents}. {msg}"
        self.assertEqual(a.shape, b.shape, note)

    def assertAllCloseAccordingToType(
        self,
        a: Any,
        b: Any,
        rtol: float = 1e-6,
        atol: float = 1e-6,
        float_rtol: float = 1e-6,
        float_atol: float = 1e-6,
        half_rtol: float = 1e-3,
        half_atol: float = 1e-3,
        bfloat16_rtol: float = 1e-2,
        bfloat16_atol: float = 1e-2,
        msg: str | None = None,
    ) -> None:
        """`assertAllClose` with the widest tolerance that the types of the two ask for."""
        left, right = self._array(a), self._array(b)
        limits = {
            "float32": (float_rtol, float_atol),
            "complex64": (float_rtol, float_atol),
            "float16": (half_rtol, half_atol),
            "bfloat16": (bfloat16_rtol, bfloat16_atol),
        }
        asked = [limits.get(array.dtype.name, (rtol, atol)) for array in (left, right)]
        rtol = max(rtol, *(limit[0] for limit in asked))
        atol = max(atol, *(limit[1] for limit in asked))
        self.assertAllClose(left, right, rtol=rtol, atol=atol, msg=msg)

    def assertNotAllClose(self, a: Any, b: Any, **kwargs: Any) -> None:
        """Passes if `assertAllClose` fails."""
        try:
            self.assertAllClose(a, b, **kwargs)
        except AssertionError:
            return
        raise AssertionError("The two values are close at all elements")

    def assertAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Passes if shapes and all elements are the same; NaN equals NaN."""
        left, right = self._array(a), self._array(b)
        self._same_shape(left, right, msg or "")
        np.testing.assert_array_equal(left, right, err_msg=msg or "")

    def assertNotAllEqual(self, a: Any, b: Any, msg: str | None = None) -> None:
        """Passes if `assertAllEqual` fails."""
        try:
            self.assertAllEqual(a, b, msg)
        except AssertionError:
            return
        raise AssertionError("The two values are equal at all elements")

    def assertAllGreater(self, a: Any, comparison_target: Any) -> None:
        """Every element is greater than the target."""
        self.assertGreater(np.min(self._array(a)), comparison_target)

    def assertAllLess(self, a: Any, comparison_target: Any) -> None:
        """Every element is less than the target."""
        self.assertLess(np.max(self._array(a)), comparison_target)

    def assertAllGreaterEqual(self, a: Any, comparison_target: Any) -> None:
        """No element is less than the target."""
        self.assertGreaterEqual(np.min(self._array(a)), comparison_target)

    def assertAllLessEqual(self, a: Any, comparison_target: Any) -> None:
        """No element is greater than the target."""
        self.assertLessEqual(np.max(self._array(a)), comparison_target)

    def assertAllInRange(
        self,
        target: Any,
        lower_bound: Any,
        upper_bound: Any,
        open_lower_bound: bool = False,
        open_upper_bound: bool = False,
    ) -> None:
        """Every element lies between the bounds, which count as inside unless open."""
        array = self._array(target)
        if array.dtype.kind not in "fiuc":
            message = f"The value of {target} does not have an ordered numeric type: {array.dtype}"
            raise AssertionError(message)
        wrong = np.isnan(array)
        wrong |= array <= lower_bound if open_lower_bound else array < lower_bound
        wrong |= array >= upper_bound if open_upper_bound else array > upper_bound
        if wrong.any():
            opening, closing = (
                "([" if open_lower_bound else "[[",
                "))" if open_upper_bound else "]]",
            )
            bounds = f"{opening[0]}{lower_bound}, {upper_bound}{closing[0]}"
            places = np.argwhere(wrong)[:_SHOWN].tolist()
            message = f"{int(wrong.sum())} of {array.size} elements outside {bounds}, at {places}"
            raise AssertionError(message)

    def assertAllInSet(self, target: Any, expected_set: Any) -> None:
        """Every element is one of the set."""
        found = np.unique(self._array(target)).tolist()
        others = set(found) - set(expected_set)
        if others:
            raise AssertionError(f"{len(others)} unexpected values: {sorted(others)[:_SHOWN]}")

    def assertDTypeEqual(self, target: Any, expected_dtype: Any) -> None:
        """The value's element type is the expected one."""
        array = self._array(target)
        expected = dtypes.as_dtype(expected_dtype)
        self.assertEqual(dtypes.as_dtype(array.dtype), expected)

    def assertShapeEqual(self, np_array: Any, tf_tensor: Any, msg: str | None = None) -> None:
        """The tensor's static shape is that of the array."""
        if not isinstance(np_array, np.ndarray | np.generic):
            raise TypeError("np_array must be a Numpy ndarray or Numpy scalar")
        if not isinstance(tf_tensor, Tensor):
            raise TypeError("tf_tensor must be a Tensor")
        self.assertAllEqual(np_array.shape, tf_tensor.get_shape().as_list(), msg=msg)

    def assertDeviceEqual(self, device1: Any, device2: Any, msg: str | None = None) -> None:
        """Two devices, given as text or `DeviceSpec`, are the same."""
        left, right = (
            DeviceSpec.from_string(device).to_string() if isinstance(device, str) else str(device)
            for device in (device1, device2)
        )
        self.assertEqual(left, right, f"Devices {left} and {right} are not equal. {msg or ''}")

    def assertProtoEquals(
        self, expected_message_maybe_ascii: Any, message: Any, msg: str | None = None
    ) -> None:
        """Two messages are equal; the expected one may be given in text form."""
        expected = expected_message_maybe_ascii
        if isinstance(expected, str):
            expected = text_format.Parse(expected, type(message)())
        if not isinstance(expected, type(message)):
            raise AssertionError(f"Can't compare protos of type {type(expected)}, {type(message)}")
        self.assertMultiLineEqual(str(expected), str(message), msg=msg)

    def assertProtoEqualsVersion(
        self,
        expected: str,
        actual: Any,
        producer: int = _GRAPH_DEF_VERSION,
        min_consumer: int = 0,
        msg: str | None = None,
    ) -> None:
        """A GraphDef in text form, the `versions` being those of this version."""
        versions = f"versions {{ producer: {producer} min_consumer: {min_consumer} }};\n"
        self.assertProtoEquals(versions + expected, actual, msg=msg)

    def assertRaisesOpError(self, expected_err_re_or_predicate: Any) -> Any:
        """The block raises a `tf.errors.OpError` that matches the pattern or predicate."""
        return self.assertRaisesWithPredicateMatch(errors.OpError, expected_err_re_or_predicate)
