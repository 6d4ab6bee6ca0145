"""From a kernel's failure to the error TensorFlow raises, naming operation,
inputs and the user's line.
"""

from __future__ import annotations

import torch

from tailrace import errors
from tailrace.errors import KernelError, OpError
from tailrace.graph.operation import describe_op
from tailrace.plan.codegen import MemberFailure, Program

# what torch and Python raise when values do not fit
_INVALID = (RuntimeError, IndexError, ValueError, TypeError, ZeroDivisionError, OverflowError)


def explain(failure: Exception, program: Program) -> Exception:
    """The error to raise for a failure of a program; it names the operation that failed."""
    step = program.failed_step(failure.__traceback__)
    if step is None:
        # as when a variable that is fetched has no value: no operation has failed
        known = isinstance(failure, KernelError)
        return failure.error(None, None, failure.message) if known else failure
    op, kind = step.op, step.op_def.name
    if isinstance(failure, MemberFailure):
        op, kind, failure = failure.op, failure.op.type, failure.cause
    if isinstance(failure, OpError) and failure.op is not None:
        return failure
    message = getattr(failure, "message", None) or str(failure)
    return _class_of(failure)(None, op, f"{kind}: {message}\n{describe_op(op)}")


def _class_of(failure: Exception) -> type[OpError]:
    if isinstance(failure, KernelError):
        return failure.error
    if isinstance(failure, OpError):
        return type(failure)
    out = isinstance(failure, (MemoryError, torch.OutOfMemoryError))
    if out or "not enough memory" in str(failure):
        return errors.ResourceExhaustedError
    if isinstance(failure, NotImplementedError):
        return errors.UnimplementedError
    if isinstance(failure, _INVALID):
        return errors.InvalidArgumentError
    return errors.UnknownError
