"""The log of ``--verbose`` is bounded, whoever writes to it."""

import logging
import multiprocessing
import stat
from pathlib import Path

from restoretui.log import BoundedLog, CleanFormatter


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("restoretui", logging.INFO, __file__, 1, text, None, None)


def write(path: str, name: str, count: int) -> None:
    log = BoundedLog(Path(path), 4000, 40)
    for number in range(count):
        log.emit(record(f"{name}-{number:05d} {'x' * 60}"))
    log.close()


def lines(folder: Path) -> list[str]:
    return [line for path in folder.glob("log*") if path.suffix != ".lock" for line in path.read_text().splitlines()]


def test_files_turn_over_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = BoundedLog(path, 1000, 3)
    for number in range(200):
        log.emit(record(f"{number:03d} {'x' * 40}"))
    log.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log", "log.1", "log.2", "log.lock"]
    for file in tmp_path.iterdir():
        assert file.stat().st_size <= 1000 + 45
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert path.read_text().splitlines()[-1].startswith("199")
    numbers = sorted(int(line[:3]) for line in lines(tmp_path))
    assert numbers == list(range(numbers[0], 200)), "what is there is whole, and the newest"


def test_several_processes_lose_and_mix_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=write, args=(str(tmp_path / "log"), name, 300)) for name in "abc"]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    found = [line.split()[0] for line in lines(tmp_path)]
    assert sorted(found) == sorted(f"{name}-{number:05d}" for name in "abc" for number in range(300))


def test_a_disk_that_takes_no_log_stops_nothing(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log", 10, 3)
    log.emit(record("first"))
    (tmp_path / "log.lock").mkdir()
    log.emit(record("second " * 9))
    log.emit(record("third"))
    log.close()
    assert (tmp_path / "log").read_text().startswith("first")


def test_nothing_in_a_record_acts_on_a_terminal_or_looks_like_another_record(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log")
    log.setFormatter(CleanFormatter("%(levelname)s %(message)s"))
    log.emit(record("a\x1b]52;c;eA==\x07\nERROR forged\r\u202eb"))
    trace = record("a defect")
    error = ValueError("\x1b[2J\nERROR forged")
    trace.exc_info = (ValueError, error, None)
    log.emit(trace)
    log.close()
    content = (tmp_path / "log").read_text()
    assert not [char for char in content if not char.isprintable() and char != "\n"]
    assert [line.split()[0] for line in content.splitlines() if not line.startswith("    ")] == ["INFO", "INFO"]
