"""Textual's pilot, waiting by what is left to do rather than by how busy the processor is.

Its own waits ask each widget for an answer, sleep for tens of milliseconds around each key and paint sixty times a
second: on a busy machine that is most of what a walk costs. Here a wait ends when no callback, no byte and no thread
of ours is left to be dealt with (``tests.settling``), and the screen is laid out and painted then.
"""

import asyncio
from typing import Any

import pytest
import textual.app
import textual.pilot
import textual.screen
from textual.app import App
from textual.pilot import Pilot

from tests.settling import settle

SETTLED_S = 2.0
"""The screens have work of their own, so a walk does not insist."""
PAINTED_EVERY_S = 0.25
"""By itself; each wait paints, too."""
RESIZED_S = 0.01
"""What Textual gathers sizes of the terminal for, and some."""
MOST = 4
"""Layouts that bring about another one, until a wait goes on."""


async def drawn(app: App[Any]) -> None:
    """Until all that was to be done is done and on screen."""
    for _ in range(MOST):
        await settle(most_s=SETTLED_S)
        while app._resize_timer is not None and app.is_running:
            await asyncio.sleep(RESIZED_S)
            await settle(most_s=SETTLED_S)
        screen = app._screen_stack[-1] if app._screen_stack else None
        if screen is None or not (
            screen._layout_required or screen._scroll_required or screen._repaint_required or screen._dirty_widgets
            or screen._recompose_required or screen._callbacks
        ):  # fmt: skip
            return
        screen._on_timer_update()
    await settle(most_s=SETTLED_S)


def hasten(patch: pytest.MonkeyPatch) -> None:
    """For as long as ``patch`` lasts."""

    async def idle(*_: float) -> None:
        await settle(most_s=SETTLED_S)

    async def screen_waited_for(pilot: Pilot[Any], timeout: float = 0) -> bool:
        await drawn(pilot.app)
        return pilot.app._exception is None

    patch.setattr(textual.app, "wait_for_idle", idle)
    patch.setattr(textual.pilot, "wait_for_idle", idle)
    patch.setattr(Pilot, "_wait_for_screen", screen_waited_for)
    patch.setattr(textual.screen, "UPDATE_PERIOD", PAINTED_EVERY_S)
