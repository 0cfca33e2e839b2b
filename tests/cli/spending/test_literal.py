"""``--restore-request``, ``--checksum-algorithm`` and ``--content-md5`` as a shell sees them."""

import json
from pathlib import Path

from restoretui.core.literal.literal import MOST_BYTES
from tests.cli.conftest import Ran, Run, Serve, Served
from tests.cli.living import environment
from tests.cli.terminal import Terminal

BUCKET = "s3://acme-genomics-cold"
SELECT = {
    "Type": "SELECT", "Tier": "Standard",
    "SelectParameters": {
        "InputSerialization": {"CSV": {}}, "ExpressionType": "SQL", "Expression": "SELECT * FROM object",
        "OutputSerialization": {"JSON": {}},
    },
    "OutputLocation": {"S3": {"BucketName": "acme-empty", "Prefix": "out"}},
}  # fmt: skip


def test_a_request_said_literally_goes_all_the_way(run: Run, serve: Serve, tmp_path: Path) -> None:
    served = serve("--objects", "60", "--speed", "14400", "--scenario", "s3-select")
    path = tmp_path / "select.json"
    path.write_text(json.dumps(SELECT))
    said = [BUCKET, "--match", "*/bam/*1*", "--storage-class", "deep_archive", "--restore-request"]
    plan = run(served, "plan", *said, f"file://{path}", "--json")
    (told,) = plan.of("plan")
    assert (plan.code, told["tier"], told["cost"]["unpriced"]) == (0, "standard", told["requests"])
    assert "days" not in told
    assert "egress" not in told
    assert "cannot be judged here; nor is its price known" in plan.err
    assert "no copy is made: results are written below s3://acme-empty/out" in plan.err
    assert run(served, "restore", *said, str(path), "--max-cost", "9", "--yes").code == 5
    for words, says in (
        ([str(path), "--days", "1"], "--restore-request says the days itself"),
        ([str(path), "--tier", "bulk"], "--restore-request says the tier itself"),
        ([str(path), "--engine", "batch"], "a job of S3 Batch Operations sends its own"),
        ([str(path), "--then", "copy"], "makes no copy, so that there is nothing to do with one"),
        (["Days=1"], "is neither JSON nor a file that can be read"),
        (['{"Days": '], "is no JSON"),
        (['{"Day": 1}'], "Unknown parameter in input"),
    ):
        refused = run(served, "plan", *said, *words)
        assert (refused.code, refused.out) == (2, ""), words
        assert says in refused.err
    assert served.stats["requests"].get("RestoreObject", 0) == 0
    done = run(served, "restore", *said, json.dumps(SELECT), "--content-md5", "--yes", "--wait", "--json")
    assert done.code == 0, done.err
    assert done.summary["available"] == told["requests"] == served.stats["requests"]["RestoreObject"]
    status = run(served, "status", "last", "--json")
    assert status.of("run")[0]["restore_request"] == SELECT
    assert "--content-md5" in status.of("run")[0]["command_line"]
    assert all(one["output_path"].startswith("out/") for one in status.of("object"))
    assert "its results are at s3://acme-empty/out/" in run(served, "status", "last").out


def test_a_request_may_come_on_stdin_which_is_read_but_once(run: Run, served: Served) -> None:
    said = ["plan", BUCKET, "--match", "*/bam/*1*", "--storage-class", "deep_archive", "--restore-request"]
    request = json.dumps({"Days": 3, "GlacierJobParameters": {"Tier": "Bulk"}})
    typed = run(served, *said, request, "--json")
    assert typed.code == 0, typed.err

    def told(plan: Ran) -> list[object]:
        return [(line["tier"], line["days"], line["requests"], line["size"]) for line in plan.of("plan")]

    for name in ("-", "/dev/stdin"):
        piped = run(served, *said, name, "--json", stdin=request)
        assert (piped.code, told(piped)) == (0, told(typed)), piped.err
    for text, says in (
        ("", "the restore request on stdin is no JSON"), ('{"Day": 1}', "Unknown parameter in input"),
        (" " * (MOST_BYTES + 1), "stdin is longer than"), ("[1]", "the restore request on stdin is no JSON object"),
    ):  # fmt: skip
        refused = run(served, *said, "-", stdin=text)
        assert (refused.code, refused.out) == (2, ""), text[:20]
        assert says in refused.err
    for keys, name in (("-", "-"), ("/dev/stdin", "-"), ("-", "/dev/fd/0")):
        both = run(served, "plan", BUCKET, "--keys-from", keys, "--restore-request", name, stdin=request)
        assert both.code == 2
        assert "--keys-from and --restore-request both read stdin, which can be read but once" in both.err
    one = run(served, "plan", BUCKET, "--keys-from", "-", "--restore-request", request, stdin="nothing/there\n")
    assert one.code == 1, "one of them alone may read it"


def test_a_request_that_is_typed_leaves_the_terminal_to_the_question(
    served: Served, tmp_path: Path, run: Run
) -> None:
    where = [BUCKET, "--match", "*/bam/*1*", "--storage-class", "deep_archive"]
    on = Terminal(environment(served, tmp_path), "restore", *where, "--restore-request", "-")
    on.until(b"waiting for the restore request on stdin, up to its end (ctrl+d)")
    on.type(b'{"Days": 3, "GlacierJobParameters": {"Tier": "Bulk"}}\n\x04')
    on.until(b"[y/N] ")
    on.type(b"y\n")
    assert on.end() == 0, on.shown
    assert run(served, "status", "last", "--json").of("run")[0]["restore_request"]["Days"] == 3
