"""Two endpoints of one cloud in one command: two plans with one total, agreed to at once, watched as one."""

from pathlib import Path

from tests.cli.conftest import Run, Serve

HERE = "s3://acme-media-archive/archive/"


def test_two_endpoints_are_planned_agreed_to_and_watched_together(serve: Serve, run: Run, tmp_path: Path) -> None:
    one, other = serve("--objects", "60"), serve("--objects", "60")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(
        f'[places]\nstore = {{location = "s3://acme-frankfurt-archive/", endpoint_url = "{other.contract["s3"]}"}}\n'
    )
    both = (HERE, "store:")
    apart = [run(one, "ls", place, "--json").summary for place in both]
    seen = run(one, "ls", *both, "--json")
    assert seen.summary["objects"] == sum(part["objects"] for part in apart)
    assert (seen.code, seen.summary["buckets"]) == (0, ["acme-media-archive", "acme-frankfurt-archive"])
    assert other.stats["requests"], "it was asked of the other"
    refused = run(one, "du", *both)
    assert (refused.code, "what one command or session asks for is in one of them" in refused.err) == (2, True)
    said = (*both, "--days", "2", "--tier", "expedited", "--storage-class", "glacier")
    parts = [run(one, "plan", *said[at : at + 1], *said[2:], "--json").summary["requests"] for at in (0, 1)]
    assert min(parts) > 10, "so that the clock's going on changes nothing of this"
    most = run(one, "plan", *said, "--max-objects", str(max(parts) + 5))
    assert (most.code, "expedited: together " in most.err) == (5, True), most.err
    restored = run(one, "restore", *said, "--yes", "--wait", "--timeout", "60s", "--json")
    assert restored.code == 0, restored.err
    accepted = [served.stats["restores"]["accepted"] for served in (one, other)]
    assert min(accepted) > 10
    assert sum(accepted) == restored.summary["requests"], "each object was asked for at its endpoint, and once"
    runs = run(one, "status", "--json").of("run")
    assert sorted(line["endpoint_url"] for line in runs) == sorted([one.contract["s3"], other.contract["s3"]])
    listed = run(one, "plan", *both, "--keys-from", "-", "--keys-format", "uri", "--days", "2", stdin="x\n")
    assert (listed.code, "lead to several endpoints" in listed.err) == (2, True), listed.err
