"""A run keeps the command that makes it again; a list of keys that is gone is made of the run."""

import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Serve, Served

BUCKET = "s3://acme-media-archive"


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve("--objects", "60", "--speed", "60")


def test_status_tells_how_to_type_a_run_again(run: Run, served: Served) -> None:
    rows = run(served, "ls", BUCKET, "--where", "state:archived class=GLACIER", "--json").of("object")[:5]
    keys = "".join(f"{row['key']}\n" for row in rows)
    asked = ["restore", BUCKET, "--keys-from", "-", "--until", "2027-01-01", "--tier", "bulk", "--max-cost", "50"]
    done = run(served, *asked, "--yes", "--json", stdin=keys)
    assert done.code == 0, done.err
    (told,) = run(served, "status", "1", "--json").of("run")
    words = shlex.split(told["command_line"])
    listed = Path(words[words.index("--keys-from") + 1])
    assert words[:4] == ["restoretui", "restore", BUCKET, "--keys-from"]
    assert words[5:11] == ["--until", "2027-01-01T00:00:00Z", "--tier", "bulk", "--max-cost", "50.00USD"]
    assert "--yes" not in words
    assert listed.read_text() == keys
    planned = ["plan", BUCKET, "--keys-from", str(listed), "--until", "2027-01-01", "--tier", "bulk", "--json"]
    again = run(served, *planned)
    assert {line["objects"] for line in again.of("summary")} == {5}
    assert "command" not in run(served, "status", "--json").of("run")[0]
