"""Trying again, later and later, by chance: what nearly every request never needs, and so does not pay for."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def persist(
    attempt: Callable[[], Awaitable[T]],
    *,
    over: tuple[type[Exception], ...],
    longest: float,
    rest: Callable[[float], Awaitable[None]],
    enough: Callable[[], bool] = lambda: False,
) -> T:
    """The result of ``attempt``, repeated for as long as it raises one of ``over`` and it is not ``enough``.

    ``rest`` waits between two attempts: up to a quarter of a second at first, up to ``longest`` seconds at last.
    """
    try:
        return await attempt()
    except over as error:
        if enough():
            raise
        first: Exception | None = error

    from tenacity import AsyncRetrying, retry_if_exception, wait_random_exponential

    async def again() -> T:
        nonlocal first
        if first is not None:
            # What was tried already is the retrying's first attempt: setting it up takes longer than a request.
            failed, first = first, None
            raise failed
        return await attempt()

    backoff = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, over) and not enough()),
        wait=wait_random_exponential(multiplier=0.25, max=longest),
        sleep=rest,
        reraise=True,
    )
    return await backoff(again)
