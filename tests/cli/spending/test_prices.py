"""``restoretui prices`` as a shell sees it: what is known, and files read from disk where there is no network."""

from pathlib import Path

from tests.cli.conftest import Run
from tests.core.plan.offer_files import deep, s3, transfer


def test_prices_are_shown_and_read_from_files(run: Run, tmp_path: Path) -> None:
    paths = []
    for file in (s3(), deep(), transfer()):
        path = tmp_path / f"{file.offer}.json"
        path.write_bytes(file.bytes())
        paths += ["--from", str(path)]
    before = {line["region"]: line for line in run(None, "prices", "--json").of("prices")}
    assert before["us-east-1"]["unknown_prices"] == ["ARCHIVE_ACCESS expedited"]
    assert "request fees (3 tiers)" in before["eu-central-1"]["unknown_prices"]
    assert before["cn-north-1"]["currency"] == "CNY"

    tried = run(None, "prices", "update", *paths, "--dry-run")
    assert (tried.code, "nothing was written" in tried.err) == (0, True)
    assert "0.012 per GB, 0.06 per 1,000 requests" in " ".join(tried.out.split())
    assert not (tmp_path / "config").exists()

    done = run(None, "prices", "update", *paths, "--region", "eu-central-1", "--json")
    assert (done.code, done.summary["written"]) == (0, True)
    shown = run(None, "prices")
    (line,) = [line for line in shown.out.splitlines() if line.startswith("eu-central-1")]
    assert line.split()[:4] == ["eu-central-1", "2026-09-28", "USD", "prices-updated"]
    assert line.endswith("ARCHIVE_ACCESS expedited")

    wrong = run(None, "prices", "update", *paths, "--region", "us-east-1")
    assert (wrong.code, "there is no file of us-east-1 among these" in wrong.err) == (2, True)
    missing = run(None, "prices", "update", "--from", str(tmp_path / "none.json"))
    assert (missing.code, "cannot be read: No such file" in missing.err) == (2, True)
