"""A session on a sandbox with a clock the test turns, as the engine's tests have it."""

from tests.engine.conftest import session_on

__all__ = ["session_on"]
