"""When hooks act: every so many seconds or steps.

Source: TF 1.15 python/training/basic_session_run_hooks.py.
"""

from __future__ import annotations

import time


class SecondOrStepTimer:
    """Triggers every `every_secs` seconds or every `every_steps` steps, and at first.

    Raises: ValueError unless exactly one is given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if every_secs is None and every_steps is None:
            raise ValueError("Either every_secs or every_steps should be provided.")
        if every_secs is not None and every_steps is not None:
            raise ValueError("Can not provide both every_secs and every_steps.")
        self._every_secs = every_secs
        self._every_steps = every_steps
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self._last_step: int | None = None
        self._last_time = 0.0

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether it is time at a step; never twice at one."""
        if self._last_step is None:
            return True
        if self._last_step == step:
            return False
        if self._every_secs is not None:
            return time.time() >= self._last_time + self._every_secs
        return self._every_steps is not None and step >= self._last_step + self._every_steps

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Note that it triggered; gives the seconds and steps since it did before."""
        before, last, now = self._last_step, self._last_time, time.time()
        self._last_step, self._last_time = step, now
        return (None, None) if before is None else (now - last, step - before)

    def last_triggered_step(self) -> int | None:
        """The step at which it triggered last."""
        return self._last_step


class NeverTriggerTimer:
    """Never triggers."""

    def reset(self) -> None:
        """Begin anew."""

    def should_trigger_for_step(self, step: int) -> bool:
        """False."""
        return False

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Nothing to note."""
        return None, None

    def last_triggered_step(self) -> int | None:
        """None."""
        return None
