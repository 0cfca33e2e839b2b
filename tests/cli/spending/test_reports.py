"""A run is handed over: for whom it is, asked for where the config says so, and its report in every form."""

import csv
import io
import json
from datetime import datetime
from html.parser import HTMLParser
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, Serve, Served
from tests.cli.living import environment
from tests.cli.terminal import Terminal

BUCKET = "s3://acme-genomics-cold"
HOSTILE = 'Ann <script>alert("1")</script> | [x](javascript:y)'
BEHALF = ["--requester", HOSTILE, "--ticket", "OPS-1", "--note", "for `the` film"]
FEW = ["--match", "*/S00*_R1.fastq.gz", "--days", "30", "--tier", "standard"]


def config(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "config.toml").write_text(text)


class Tags(HTMLParser):
    """Which tags and attributes a page has, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [name for name, _ in attrs if name in ("src", "href") or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_what_the_config_asks_for_is_said_or_nothing_is_sent(run: Run, served: Served, tmp_path: Path) -> None:
    config(tmp_path, 'ask_for = ["ticket", "requester"]\n')
    ran = run(served, "restore", BUCKET, *FEW, "--yes", "--ticket", "OPS-1")
    assert ran.code == 2
    assert "wants who asked for it with each restore, so nothing was sent" in ran.err
    assert served.stats["requests"].get("RestoreObject", 0) == 0
    assert run(served, "plan", BUCKET, *FEW).code == 0, "a plan sends nothing and needs nothing"
    assert "holds what is no text" in run(served, "restore", BUCKET, *FEW, "--yes", "--ticket", "a\nb").err
    config(tmp_path, 'ask_for = ["who"]\n')
    assert "ask_for must be a list of requester, ticket, note" in run(served, "status").err


@pytest.mark.timeout(180)
def test_a_report_tells_a_manager_what_came_of_it_and_a_reader_how_to_read_it(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    served = serve("--objects", "60", "--speed", "14400")
    denied = {"kind": "deny", "operations": ["RestoreObject"], "prefix": "runs/20250321_NB505_A009/fastq/S001"}
    served.ask("/_sandbox/faults", {"faults": [denied]}, "POST")
    assert run(served, "restore", BUCKET, *FEW, "--yes", "--wait", *BEHALF).code == 4
    served.ask("/_sandbox/speed?seconds=1", method="POST")  # Copies of before end in days, which are seconds here.
    said = run(served, "status", "last", "--json").of("run")[0]
    assert [said[name] for name in ("requester", "ticket", "note")] == [HOSTILE, "OPS-1", "for `the` film"]
    assert "--ticket OPS-1" in said["command_line"]
    assert f"asked for by {HOSTILE}; ticket OPS-1; for `the` film" in run(served, "status", "last").err
    before = served.stats["requests"]
    line = run(served, "report", "last", "--json").of("report")[0]
    assert (line["ticket"], line["locations"]) == ("OPS-1", [f"{BUCKET}/runs/"])
    assert line["took_seconds"]["least"] <= line["took_seconds"]["median"] <= line["took_seconds"]["most"]
    assert 3 * 3600 < line["took_seconds"]["median"] < 13 * 3600
    assert sum(volume["objects"] for volume in line["classes"].values()) == line["objects"]
    assert line["first_end_at"] <= line["last_end_at"]
    (row,) = csv.DictReader(io.StringIO(run(served, "report", "last", "--format", "csv").out))
    assert (row["requester"], row["available"], row["cost.currency"]) == (HOSTILE, str(line["available"]), "USD")
    assert json.loads(run(served, "report", "1", "--format", "json").out)[0]["run"] == 1
    page = tmp_path / "OPS-1.html"
    assert f"report written to {page}" in run(served, "report", "last", "-o", str(page)).err
    tags = Tags(page.read_text("utf-8"))
    assert HOSTILE in tags.text
    assert "can be read, until 2026-" in tags.text
    assert not tags.links
    assert not tags.tags & {"script", "a", "img", "link", "iframe"}
    table = tmp_path / "OPS-1.parquet"
    ran = run(served, "report", "last", "-o", str(table))
    if find_spec("duckdb") is None:
        assert "needs the package duckdb" in ran.err
    else:
        assert f"report written to {table}" in ran.err
        check_table(table, row, line)
    plain = run(served, "report", "last").out
    assert "\\<script\\>" in plain
    assert "\\[x\\]\\(javascript\\:y\\)" in plain
    assert "<script>" not in plain.partition("## How it was asked for")[0]
    assert served.stats["requests"] == before, "it is made of the ledger alone"
    tools = {one["tool"]: one["text"] for one in line["reading"]}
    assert set(tools) == {"aws", "rclone", "s5cmd", "boto3"}
    assert "--recursive --force-glacier-transfer" in tools["aws"]
    check_code(tools["boto3"], served, line["available"])


def check_table(table: Path, row: dict[str, str], line: dict[str, Any]) -> None:
    """The columns of the CSV, with types of their own."""
    found = import_module("duckdb").sql(f"SELECT * FROM '{table}'")
    typed = dict(zip(found.columns, map(str, found.types), strict=True))
    assert list(typed) == list(row)
    assert [typed[name] for name in ("run", "cost.total", "created_at", "locations", "ticket")] == [
        "BIGINT", "DOUBLE", "TIMESTAMP WITH TIME ZONE", "VARCHAR[]", "VARCHAR",
    ]  # fmt: skip
    told = found.project("requester, available, locations, epoch(created_at)").fetchall()[0]
    made = datetime.fromisoformat(line["created_at"]).timestamp()
    assert told == (HOSTILE, line["available"], line["locations"], pytest.approx(made, abs=0.001))


def check_code(code: str, served: Served, expected: int) -> None:
    """The lines for boto3 read what is there, and only that."""
    import boto3.session

    env = served.contract["env"]
    given = {"aws_access_key_id": env["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": env["AWS_SECRET_ACCESS_KEY"]}
    session: Any = boto3.session.Session
    printed: list[Any] = []

    class Signed:
        @staticmethod
        def Session(**named: Any) -> Any:  # noqa: N802 - as boto3 calls it
            return session(**named, **given)

    whole = code.replace("import boto3\n", "").replace("len(body.read())", "body.close()")
    exec(whole, {"boto3": Signed, "print": lambda *what: printed.append(what)})
    assert len({key for key, _ in printed}) >= expected > 0


def test_at_a_terminal_what_is_missing_is_asked_for(served: Served, run: Run, tmp_path: Path) -> None:
    config(tmp_path, 'ask_for = ["ticket"]\n')
    on = Terminal(environment(served, tmp_path), "restore", BUCKET, *FEW)
    on.until(b"ticket (a ticket): ")
    on.type(b"OPS-7\n")
    on.until(b"[y/N] ")
    on.type(b"y\n")
    assert on.end() == 0
    assert run(served, "report", "last", "--json").of("report")[0]["ticket"] == "OPS-7"
