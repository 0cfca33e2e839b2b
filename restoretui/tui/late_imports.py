"""What is loaded behind the first paint, so that no key waits for it."""

import asyncio
from importlib import import_module

LATER = (
    "restoretui.core.filter.completion", "restoretui.core.filter.fields", "restoretui.core.filter.matcher",
    "restoretui.core.filter.parser", "restoretui.core.rules.verdicts", "restoretui.ledger.places",
    "restoretui.ledger.records", "restoretui.ledger.volumes", "restoretui.tui.acts.columns",
    "restoretui.tui.acts.inventory", "restoretui.tui.acts.leaving", "restoretui.tui.acts.saved_filters",
    "restoretui.tui.acts.sets", "restoretui.tui.acts.signed_in", "restoretui.tui.browse.account_buckets",
    "restoretui.tui.browse.empty_space", "restoretui.tui.browse.home", "restoretui.tui.browse.mark_acts",
    "restoretui.tui.browse.place_acts", "restoretui.tui.browse.side", "restoretui.tui.browse.status",
    "restoretui.tui.dialogs.column_menu", "restoretui.tui.dialogs.filter_menu", "restoretui.tui.dialogs.go_to",
    "restoretui.tui.dialogs.help", "restoretui.tui.dialogs.inspector", "restoretui.tui.dialogs.leave",
    "restoretui.tui.dialogs.menus", "restoretui.tui.dialogs.mfa", "restoretui.tui.dialogs.say_box",
    "restoretui.tui.dialogs.sign_in", "restoretui.tui.marks.marks_bar", "restoretui.tui.marks.screen",
    "restoretui.tui.own.facts", "restoretui.tui.palette", "restoretui.tui.process.announcements",
    "restoretui.tui.process.crash", "restoretui.tui.process.last_words", "restoretui.tui.process.preferences",
    "restoretui.tui.terminal.copied", "restoretui.tui.terminal.desktop", "restoretui.tui.widgets.crumbs",
    "restoretui.tui.widgets.filter_bar", "restoretui.tui.widgets.table.list_view", "restoretui.tui.widgets.time_bar",
)  # fmt: skip
"""Modules that no first paint needs: loaded behind it, in a thread, before a key can ask for them."""


async def load_later() -> None:
    """Load them one by one, beside the event loop."""
    for name in LATER:
        await asyncio.to_thread(import_module, name)
