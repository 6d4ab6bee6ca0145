"""The exceptions Tailrace raises, by TensorFlow's names and codes.

Run-time failures are `OpError`s with TensorFlow's canonical status codes, because programs catch
them by class (`except tf.errors.OutOfRangeError`). Mistakes made while a graph is built are
`ValueError` or `TypeError`, as in TensorFlow.

Source: TF 1.15 python/framework/errors_impl.py.
"""

from __future__ import annotations

from typing import Any

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """A failure while a graph runs.

    Attributes: `node_def` and `op` of the operation that failed (None when it is not known),
    `message`, `error_code` (one of the codes of this module).
    """

    code = UNKNOWN

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int | None = None) -> None:
        super().__init__(message)
        self._node_def = node_def
        self._op = op
        self._message = message
        self._error_code = self.code if error_code is None else error_code

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (None, None, self._message)

    @property
    def message(self) -> str:
        return self._message

    @property
    def op(self) -> Any:
        return self._op

    @property
    def node_def(self) -> Any:
        return self._node_def

    @property
    def error_code(self) -> int:
        return self._error_code

    def __str__(self) -> str:
        return self._message


class CancelledError(OpError):
    """The operation was cancelled, for example because its queue was closed."""

    code = CANCELLED


class UnknownError(OpError):
    """An error with no better class."""

    code = UNKNOWN


class InvalidArgumentError(OpError):
    """A value does not fit the operation: wrong shape, index out of bounds."""

    code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """A time limit ran out."""

    code = DEADLINE_EXCEEDED


class NotFoundError(OpError):
    """A file, key or resource does not exist."""

    code = NOT_FOUND


class AlreadyExistsError(OpError):
    """Something that was to be created is there already."""

    code = ALREADY_EXISTS


class PermissionDeniedError(OpError):
    """The caller may not do this, for example write a read-only file."""

    code = PERMISSION_DENIED


class ResourceExhaustedError(OpError):
    """Memory or another resource ran out."""

    code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError):
    """The system is not in the state needed, for example an uninitialized variable is read."""

    code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was aborted by a concurrent one."""

    code = ABORTED


class OutOfRangeError(OpError):
    """Past the end of the valid range: end of a file, of an iterator, of a closed queue."""

    code = OUT_OF_RANGE


class UnimplementedError(OpError):
    """The operation exists but not for these types or this device."""

    code = UNIMPLEMENTED


class InternalError(OpError):
    """An invariant of the engine was broken."""

    code = INTERNAL


class UnavailableError(OpError):
    """A service is not reachable now."""

    code = UNAVAILABLE


class DataLossError(OpError):
    """Data is damaged: a bad checksum, a truncated file."""

    code = DATA_LOSS


class UnauthenticatedError(OpError):
    """The request has no valid credentials."""

    code = UNAUTHENTICATED


class InaccessibleTensorError(ValueError):
    """A tensor that is known only within a loop, conditional or function is used outside."""


class ShapeError(ValueError):
    """Shapes that cannot go together, found while the graph is built."""


class OperatorNotAllowedInGraphError(TypeError):
    """Python asked for the value of a tensor, which it has only while a session runs."""


class UnsupportedOpError(NotImplementedError, OpError):
    """An operation type of TensorFlow that Tailrace has no definition of."""

    code = UNIMPLEMENTED

    def __init__(self, op_type: str, where: str = "") -> None:
        message = f"Operation type '{op_type}' is not supported by Tailrace{where}."
        OpError.__init__(self, None, None, message)


_CLASSES: dict[int, type[OpError]] = {
    cls.code: cls
    for cls in (
        CancelledError,
        UnknownError,
        InvalidArgumentError,
        DeadlineExceededError,
        NotFoundError,
        AlreadyExistsError,
        PermissionDeniedError,
        ResourceExhaustedError,
        FailedPreconditionError,
        AbortedError,
        OutOfRangeError,
        UnimplementedError,
        InternalError,
        UnavailableError,
        DataLossError,
        UnauthenticatedError,
    )
}


def exception_type_from_error_code(error_code: int) -> type[OpError]:
    """The class of the canonical code; raises KeyError for a number that is none."""
    return _CLASSES[error_code]


def error_code_from_exception_type(cls: type[OpError]) -> int:
    """The canonical code of a class of this module."""
    return cls.code


class KernelError(Exception):
    """Raised by a kernel that knows which `OpError` it means; the executor adds operation and
    place.

    `raise KernelError(InvalidArgumentError, "indices[3] = 9 is not in [0, 5)")`
    """

    def __init__(self, error: type[OpError], message: str) -> None:
        super().__init__(message)
        self.error = error
        self.message = message


def invalid(message: str) -> KernelError:
    """The most frequent failure of a kernel: an `InvalidArgumentError`."""
    return KernelError(InvalidArgumentError, message)
