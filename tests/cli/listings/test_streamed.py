"""``ls`` prints pages as they come where the ledger knows no more; the same bytes as by way of the ledger."""

import pytest

from tests.cli.conftest import Run, Serve, Served


@pytest.fixture
def still(serve: Serve) -> Served:
    """A world whose time stands nearly still, so that two looks see the same."""
    return serve("--objects", "60", "--speed", "1")


@pytest.mark.parametrize("place", ["s3://acme-odd-names", "s3://acme-media-archive/", "s3://acme-legal-versions"])
@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("versions", [[], ["--versions"]])
def test_streamed_is_as_by_the_ledger(
    run: Run, still: Served, place: str, form: list[str], versions: list[str]
) -> None:
    streamed = run(still, "ls", place, *form, *versions)
    by_ledger = run(still, "ls", place, *form, *versions, "--match", "*")
    assert streamed.code == by_ledger.code == 0
    assert streamed.out == by_ledger.out
    assert len(streamed.out.splitlines()) > 40


def test_what_a_run_asked_for_is_shown(run: Run, still: Served) -> None:
    place = "s3://acme-media-archive/archive/2024/01/"
    run(still, "restore", place, "--days", "2", "--tier", "bulk", "--yes")
    listed = run(still, "ls", place, "--json").of("object")
    assert {row["run"] for row in listed if row["state"] in ("requested", "restoring")} == {1}
    other = run(still, "ls", "s3://acme-odd-names", "--json").of("object")
    assert not any("run" in row for row in other)
