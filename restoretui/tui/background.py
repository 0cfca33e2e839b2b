"""Work that goes on beside the screens, in a worker of Textual's."""

from collections.abc import Awaitable, Callable

from textual.dom import DOMNode


def in_background(
    owner: DOMNode, work: Callable[[], Awaitable[object]], group: str, *, exclusive: bool = False
) -> None:
    """Run ``work`` as a worker of ``owner``; ``exclusive`` gives up what the same group of it still does.

    It takes a function, not a coroutine: a worker that the end of the program overtakes never begins, and a coroutine
    that nobody awaits is warned of.
    """
    owner.run_worker(work, group=group, exclusive=exclusive)
