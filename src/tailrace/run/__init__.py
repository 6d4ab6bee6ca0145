"""Sessions: plans are made, kept and executed here; `store` is the only mutable state."""

from tailrace.run.session import InteractiveSession, Session

__all__ = ["InteractiveSession", "Session"]
