"""A file that a command writes its output to as it goes (see ``output_files``): whole in its place, or not at all."""

import os
import select
from collections.abc import Callable
from pathlib import Path

from restoretui.session.output_files import begun, own_descriptor, refused, settled


class WholeFile:
    """Made by ``opened``. It is written on the calling thread, as stdout is."""

    def __init__(self, named: Path, descriptor: int, part: Path | None, real: Path | None) -> None:
        self.named = named
        self._descriptor = descriptor
        self._part = part
        self._real = real
        self._kept: list[str] = []
        self._size = 0
        self._is_lost = False
        self.is_terminal = os.isatty(descriptor)
        """What is written is seen at once, and what acts on a terminal would act."""

    def put(self, text: str) -> None:
        """Write it, or keep it for the next write; ``UsageError`` when that fails, once: the rest is dropped."""
        if self._is_lost:
            return
        self._kept.append(text)
        self._size += len(text)
        if self._size > 1 << 16 or self._part is None:
            self._write()

    def put_bytes(self, data: bytes) -> None:
        """The same of what is no text."""
        if not self._is_lost:
            self._write()
            self._write_out(memoryview(data))

    def _write(self) -> None:
        data = memoryview("".join(self._kept).encode("utf-8", "backslashreplace"))
        self._kept.clear()
        self._size = 0
        self._write_out(data)

    def _write_out(self, data: memoryview) -> None:
        try:
            while data:
                try:
                    data = data[os.write(self._descriptor, data) :]
                except BlockingIOError:
                    select.select([], [self._descriptor], [])
        except OSError as error:
            self._is_lost = True
            raise refused(self.named, error) from None

    def close(self, *, kept: bool) -> bool:
        """``kept``: it is whole, and takes its place; else what was there before stays. Whether it did."""
        kept = kept and not self._is_lost
        try:
            self._write()
        except BaseException:
            kept = False
            raise
        finally:
            settled(self.named, self._descriptor, self._part, self._real if kept else None)
        return kept


def opened(name: str, waits: Callable[[], None]) -> WholeFile | None:
    """``UsageError`` where it cannot be written; None where it is another name of stdout.

    ``waits`` is called once if nobody reads a pipe yet.
    """
    path = Path(name)
    if name == "-" or own_descriptor(path) == 1:
        return None
    try:
        descriptor, part, real = begun(path, waits)
    except OSError as error:
        raise refused(path, error) from None
    return WholeFile(path, descriptor, part, real)
