"""A run as the page that is handed over: read on every terminal, saved in every form, copied."""

from importlib.util import find_spec
from pathlib import Path

from restoretui.tui.restores.report_box import ReportBox
from tests.conftest import StartSandbox
from tests.tui.conftest import StartWalk, Walk
from tests.tui.dialogs.test_dialogs_fit import check_frame, in_view, sized
from tests.tui.dialogs.test_restoring import confirm, dialog
from tests.tui.dialogs.test_then import cold
from tests.tui.dialogs.test_unseen import marked_all


async def save(on: Walk, target: Path) -> None:
    """From the box, or the run that it is about."""
    if not isinstance(on.app.screen, ReportBox):
        await on.press("r")
        await on.sees("Restore run 1")
    await on.press("w")
    await on.sees("Save", "restoretui-run-1.html")
    await on.press("ctrl+u", *str(target), "enter")


async def test_a_report_is_read_saved_and_copied(walk: StartWalk, sandbox: StartSandbox, tmp_path: Path) -> None:
    async with walk("s3://cold", running=await cold(sandbox)) as on:
        await marked_all(on)
        await dialog(on)
        await confirm(on)
        await on.until(lambda: on.posts() == 3)
        await on.sees("Run #1")
        await on.press("r")
        await on.sees("Restore run 1", "What, and for whom", "Where", "s3://cold", "3")
        for size in ((200, 50), (80, 24), (60, 15)):
            await sized(on, size)
            check_frame(on, size, "Report")
            assert "Restore run 1" in in_view(on)
        seen = in_view(on)
        for _ in range(5):
            await on.press("pagedown")
            seen += in_view(on)
        for text in ("Storage class", "GLACIER", "Confirmed", "An estimate by list prices", "How it was asked for"):
            assert text in seen, seen
        await sized(on, (100, 30))
        await save(on, tmp_path / "page.txt")
        await on.sees("does not say in which form")
        for name, begins in {"r.html": b"<!DOCTYPE html>", "r.md": b"# Restore run 1", "r.csv": b"run,req"}.items():
            await save(on, tmp_path / name)
            await on.until((tmp_path / name).exists)
            assert (tmp_path / name).read_bytes().startswith(begins)
            await on.until(lambda: not isinstance(on.app.screen, ReportBox))
        if find_spec("duckdb") is not None:
            await save(on, tmp_path / "r.parquet")
            await on.until((tmp_path / "r.parquet").exists)
            assert (tmp_path / "r.parquet").read_bytes().startswith(b"PAR1")
            await on.until(lambda: not isinstance(on.app.screen, ReportBox))
        await on.press("r")
        await on.sees("Restore run 1")
        await on.press("c")
        await on.until(lambda: not isinstance(on.app.screen, ReportBox))
        assert on.app.clipboard.startswith("# Restore run 1")
