"""Retries with exponential back-off and jitter: loaded late, since nearly every request never needs any."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def persist_after(
    first: Exception,
    attempt: Callable[[], Awaitable[T]],
    *,
    over: tuple[type[Exception], ...],
    longest: float,
    rest: Callable[[float], Awaitable[None]],
    enough: Callable[[], bool] = lambda: False,
) -> T:
    """The result of ``attempt``, repeated for as long as it raises one of ``over``, until it is ``enough``.

    It was made once, and raised ``first``. ``rest`` waits between two attempts: up to a quarter of a second at first,
    up to ``longest`` seconds at last.
    """
    if enough():
        raise first
    failed: Exception | None = first

    from tenacity import AsyncRetrying, retry_if_exception, wait_random_exponential

    async def again() -> T:
        nonlocal failed
        if failed is not None:
            # What was tried already is the retrying's first attempt: setting it up takes longer than a request.
            error, failed = failed, None
            raise error
        return await attempt()

    backoff = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, over) and not enough()),
        wait=wait_random_exponential(multiplier=0.25, max=longest),
        sleep=rest,
        reraise=True,
    )
    return await backoff(again)
