"""Files that people name: replaced whole, or written through where they are no regular file."""

import asyncio
import errno
import os
import pty
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from restoretui.core.errors import UsageError
from restoretui.session import output_files
from restoretui.session.output_files import open_target, own_descriptor

TEXT = "schlüssel\r\n" * 20_000


async def write(path: Path, *texts: str) -> None:
    async with open_target(path) as target:
        for text in texts:
            await target.write(text)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_new_file_is_ours_alone(tmp_path: Path) -> None:
    await write(tmp_path / "new.csv", TEXT, "end")
    assert (tmp_path / "new.csv").read_bytes() == (TEXT + "end").encode()
    assert mode(tmp_path / "new.csv") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]


async def test_an_older_file_keeps_its_mode_and_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "old.csv"
    target.write_text("old")
    target.chmod(0o640)

    async def interrupted() -> None:
        async with open_target(target) as file:
            await file.write("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await interrupted()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]
    async with open_target(target) as file:
        await file.write("new")
        assert target.read_text() == "old"
    assert (target.read_text(), mode(target)) == ("new", 0o640)
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]


@pytest.mark.parametrize("name", ["x.csv.part", "x.csv.tmp", "x.csv~", ".x.csv.part"])
async def test_what_lies_beside_it_is_nobodys_business(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("keep")
    (tmp_path / f"{name}.link").symlink_to(tmp_path / "keep-too")
    await write(tmp_path / "x.csv", "new")
    assert (tmp_path / name).read_text() == "keep"
    assert not (tmp_path / "keep-too").exists()


async def test_two_at_once_are_each_whole(tmp_path: Path) -> None:
    texts = [character * 300_000 for character in "ab"]
    await asyncio.gather(*(write(tmp_path / "x", *[text[:100_000]] * 3) for text in texts))
    assert (tmp_path / "x").read_text() in texts
    assert len(list(tmp_path.iterdir())) == 1


def relative(folder: Path) -> Path:
    (folder / "inside").mkdir()
    (folder / "inside" / "link").symlink_to("../real.csv")
    return folder / "inside" / "link"


def chain(folder: Path) -> Path:
    (folder / "one").symlink_to(folder / "two")
    (folder / "two").symlink_to("real.csv")
    return folder / "one"


def through_a_folder(folder: Path) -> Path:
    (folder / "linked").symlink_to(folder)
    return folder / "linked" / "real.csv"


@pytest.mark.parametrize("link", [relative, chain, through_a_folder])
@pytest.mark.parametrize("dangling", [False, True])
async def test_a_link_stays_and_what_it_leads_to_is_replaced(
    tmp_path: Path, link: Callable[[Path], Path], dangling: bool
) -> None:
    path = link(tmp_path)
    if not dangling:
        (tmp_path / "real.csv").write_text("old")
        (tmp_path / "real.csv").chmod(0o644)
    links = {each: os.readlink(each) for each in tmp_path.rglob("*") if each.is_symlink()}
    await write(path, "new")
    assert {each: os.readlink(each) for each in tmp_path.rglob("*") if each.is_symlink()} == links
    assert not (tmp_path / "real.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"
    assert mode(tmp_path / "real.csv") == (0o600 if dangling else 0o644)


async def test_a_pipe_is_written_through_once_somebody_reads(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link"):
        writing = asyncio.create_task(write(path, TEXT, TEXT))
        assert await asyncio.to_thread(pipe.read_bytes) == (TEXT + TEXT).encode()
        await writing
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert len(list(tmp_path.iterdir())) == 2


async def test_a_pipe_that_nobody_reads_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writing = asyncio.create_task(write(tmp_path / "pipe", "text"))
    while not (opening := [thread for thread in threading.enumerate() if thread.name == "restoretui-open"]):
        await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)  # Lets the thread go, wherever it stands.
    for thread in opening:
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()
    os.close(reader)


async def test_a_pipe_that_nobody_comes_to_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_files, "READER_S", 0.0)
    monkeypatch.setattr(output_files, "_TOLD_AFTER_S", -1.0)
    os.mkfifo(tmp_path / "pipe")
    told: list[str] = []
    with pytest.raises(UsageError, match="nobody reads the pipe"):
        await asyncio.to_thread(output_files.begun, tmp_path / "pipe", lambda: told.append("it waits"))
    assert told == ["it waits"]


async def test_a_reader_that_leaves_is_told_of(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = asyncio.create_task(write(pipe, *[TEXT] * 10))

    def read_some() -> None:
        with pipe.open("rb", buffering=0) as file:
            file.read(1)

    await asyncio.to_thread(read_some)
    with pytest.raises(UsageError, match="whoever read it is gone"):
        await writing


def device(folder: Path, minor: int) -> Path:
    path = folder / "device"
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        path.open("ab").close()
    except OSError:
        pytest.skip("needs the right to make a device")
    return path


async def test_a_device_stays_one(tmp_path: Path) -> None:
    path = device(tmp_path, 3)
    (tmp_path / "link").symlink_to(path)
    for each in (path, tmp_path / "link"):
        await write(each, TEXT)
    assert stat.S_ISCHR(path.stat().st_mode)
    assert path.stat().st_rdev == os.makedev(1, 3)
    assert len(list(tmp_path.iterdir())) == 2


async def test_a_full_device_is_a_sentence(tmp_path: Path) -> None:
    path = device(tmp_path, 7)
    with pytest.raises(UsageError, match="device cannot be written: No space left on device"):
        await write(path, TEXT)
    assert stat.S_ISCHR(path.stat().st_mode)


async def test_a_disk_is_never_written_over(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "disk", 0o600 | stat.S_IFBLK, os.makedev(240, 99))
    except OSError:
        pytest.skip("needs the right to make a device")
    with pytest.raises(UsageError, match="is a disk"):
        await write(tmp_path / "disk", TEXT)
    assert stat.S_ISBLK((tmp_path / "disk").stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "/proc/{pid}/fd/{}", "{folder}/link"])
async def test_a_descriptor_of_ours_is_written_where_it_stands(tmp_path: Path, name: str) -> None:
    with (tmp_path / "log").open("w+b") as file:
        (tmp_path / "link").symlink_to(f"/dev/fd/{file.fileno()}")
        file.write(b"before ")
        file.flush()
        path = Path(name.format(file.fileno(), pid=os.getpid(), folder=tmp_path))
        assert await asyncio.to_thread(own_descriptor, path) == file.fileno()
        await write(path, "new ")
        file.write(b"after")
        file.flush()
        assert (tmp_path / "log").read_bytes() == b"before new after"
    with pytest.raises(UsageError, match="cannot be written"):
        await write(path, "gone")


def test_names_of_the_standard_streams() -> None:
    assert [own_descriptor(Path(f"/dev/{name}")) for name in ("stdin", "stdout", "stderr")] == [0, 1, 2]
    assert own_descriptor(Path("/proc/thread-self/fd/1")) == 1
    for other in ("/proc/1/fd/1", "/dev/null", "/tmp", "stdout", "/dev/fd", "/proc/self/fd/x"):
        assert own_descriptor(Path(other)) is None


async def test_a_terminal_is_known_as_one(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    (tmp_path / "link").symlink_to(os.ttyname(slave))
    async with open_target(tmp_path / "link") as target:
        assert target.is_terminal
        await target.write("seen")
    assert os.read(master, 100) == b"seen"
    os.close(master)
    os.close(slave)
    async with open_target(tmp_path / "file") as target:
        assert not target.is_terminal


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "is a folder"), ("folder", "is a folder"), ("folder/", "is a folder"), ("link", "is a folder"),
        ("none/x.csv", "No such file or directory"), ("file/x.csv", "Not a directory"), ("loop", "symbolic links"),
        ("x" * 300, "File name too long"), ("nul\0byte", "null byte"), ("socket", "No such device or address"),
    ],
)  # fmt: skip
async def test_what_cannot_be_written_is_a_sentence(tmp_path: Path, name: str, says: str) -> None:
    import socket

    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(UsageError, match=says):
            await write(Path(f"{tmp_path}/{name}"), TEXT)
    assert sorted(tmp_path.rglob("*")) == before


async def test_long_names_are_names(tmp_path: Path) -> None:
    name = "ü" * 127  # 254 bytes
    await write(tmp_path / name, "new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


async def test_a_file_that_may_not_be_written_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_text("keep")
    (tmp_path / "x").chmod(0o444)
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, how: how == os.R_OK and may(path, how))  # as for all but root
    with pytest.raises(UsageError, match="Permission denied"):
        await write(tmp_path / "x", "new")
    assert (tmp_path / "x").read_text() == "keep"


async def test_a_disk_that_is_full_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("keep")
    real = os.write
    writes: list[int] = []

    def full(descriptor: int, data: bytes) -> int:
        writes.append(descriptor)
        if len(writes) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, data[:1000])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(UsageError, match="No space left on device"):
        await write(tmp_path / "x", TEXT)
    assert (tmp_path / "x").read_text() == "keep"
    assert len(list(tmp_path.iterdir())) == 1
