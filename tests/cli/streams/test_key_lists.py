"""Key lists: bytes in UTF-8, a key a line; what cannot be one is named by its line."""

import codecs
import os
import subprocess
import sys
from pathlib import Path

import pytest

from restoretui.core.errors import UsageError
from restoretui.session.keys.entries import KeysFormat, how_far
from restoretui.session.keys.key_list import read_named
from tests.cli.conftest import Run, Served

LONGEST = "ü" * 512


async def read_keys(source: str, prefix: str) -> list[str]:
    return [entry.key for entry in (await read_named(source, KeysFormat.PLAIN, prefix)).entries]


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (b"", []), (b"\n\n\r\n", []), (b"a", ["a"]), (b"a\nb", ["a", "b"]), (b"a\r\n\r\nb\r\n", ["a", "b"]),
        (codecs.BOM_UTF8 + b"a\nb", ["a", "b"]), (codecs.BOM_UTF8, []), (codecs.BOM_UTF8 + b"\r\nb", ["b"]),
        (b"a\n" + codecs.BOM_UTF8 + b"b", ["a", "\ufeffb"]), (b" a \n\tb\r\r\n", [" a ", "\tb\r"]),
        ("café\ncafe\u0301\n\u2028\x85\x0b".encode(), ["café", "cafe\u0301", "\u2028\x85\x0b"]),
        (LONGEST.encode() + b"\r\n" + LONGEST.encode(), [LONGEST, LONGEST]),
        (codecs.BOM_UTF8 + LONGEST.encode(), [LONGEST]),
        (b"".join(b"key-%07d\n" % n for n in range(30_000)), [f"key-{n:07d}" for n in range(30_000)]),
    ],
)  # fmt: skip
async def test_keys_are_verbatim(tmp_path: Path, data: bytes, keys: list[str]) -> None:
    path = tmp_path / "keys"
    path.write_bytes(data)
    assert await read_keys(str(path), "") == keys


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
async def test_other_encodings_are_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "keys"
    path.write_bytes(("\ufeff" if "-16-" in encoding else "").encode(encoding) + "archive/ü\n".encode(encoding))
    with pytest.raises(UsageError, match=f"^the key list '{path}' is in UTF-16"):
        await read_keys(str(path), "")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"a\n\nb\xff\nc", "line 3 of the key list {} is not UTF-8: it holds the byte 0xff"),
        (b"a\n" + b"x" * 1025, "line 2 of the key list {} is longer than the 1,024 bytes"),
        (
            b"a\n" * 70_000 + "ü".encode("latin-1"),
            "line 70,001 of the key list {} is not UTF-8: it holds the byte 0xfc",
        ),
        (b"a\n" + b"x" * 1020, "line 2 of the key list {}: a key of 1027 bytes is longer"),
    ],
)
async def test_a_line_that_is_no_key_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "keys"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=says.format(repr(str(path)))):
        await read_keys(str(path), "prefix/")


@pytest.mark.parametrize("source", ["/dev/zero", "/dev/urandom"])
async def test_an_endless_line_is_not_read_to_its_end(source: str) -> None:
    with pytest.raises(UsageError, match="of the key list"):
        await read_keys(source, "")


async def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"a\nb")
    os.close(write)
    seen: list[int] = []
    named = await read_named(f"/dev/fd/{read}", KeysFormat.PLAIN, "p/", reach=seen.append)
    assert [entry.key for entry in named.entries] == ["p/a", "p/b"]
    assert [how_far("-", number, "line") for number in (0, *seen)] == [
        "waiting for the first line of stdin", "reading stdin: 1 line so far",
    ]  # fmt: skip
    os.close(read)


@pytest.mark.parametrize(("source", "says"), [("/nonexistent", "No such file"), ("/tmp", "Is a directory")])
async def test_a_list_that_cannot_be_read_is_a_sentence(source: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        await read_keys(source, "")


def test_stdin_is_utf8_in_any_locale(run: Run, served: Served) -> None:
    command = ("plan", "s3://acme-odd-names", "--days", "1", "--keys-from", "-", "--json")
    for locale in ({"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}):
        done = run(served, *command, stdin="\ufeffcafé-composed.txt\r\n日本語/動画/二〇二一年.mov", **locale)
        assert done.code == 0, done.err
        assert done.summary["objects"] == 2
    done = run(served, *command, stdin="plain.txt\n" + "x" * 2000)
    assert done.code == 2
    assert done.of("error")[0]["reason"].startswith("line 2 of the key list on stdin is longer")


@pytest.mark.parametrize("most", [6, 8, 10])
def test_too_few_open_files_are_called_so(tmp_path: Path, most: int) -> None:
    listed = tmp_path / "keys"
    listed.write_text("a\n")
    command = f"ulimit -n {most}; exec {sys.executable} -m restoretui plan s3://bkt --keys-from {listed} --days 1"
    env = {**os.environ, "RESTORETUI_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, timeout=60, check=False)
    assert done.returncode == 2, done.stderr
    assert "ulimit -n 1024" in done.stderr
    assert "permission" not in done.stderr
    assert "Traceback" not in done.stderr
