"""``restoretui du``: sums that add up, in JSON and for people, and exit codes like those of other commands."""

from tests.cli.conftest import Run, Serve, Served

ARCHIVE = "s3://acme-media-archive/archive/"


def test_sums_are_those_of_the_objects(served: Served, run: Run) -> None:
    listed = run(served, "ls", ARCHIVE, "--json").of("object")
    ran = run(served, "du", ARCHIVE, "--json", "--depth", "2")
    again = run(served, "ls", ARCHIVE, "--json").of("object")
    assert ran.code == 0
    assert [line["type"] for line in ran.lines] == ["prefix"] * (len(ran.lines) - 1) + ["summary"]
    prefixes = ran.of("prefix")
    assert {line["depth"] for line in prefixes} == {0, 1, 2}
    for line in prefixes:
        below = [each for each in listed if each["key"].startswith(line["prefix"])]
        assert (line["objects"], line["size"]) == (len(below), sum(each["size"] for each in below))
        # A copy may end between two commands: what is archived only becomes more.
        first, last = (
            sum(each["state"] == "archived" for each in seen if each["key"].startswith(line["prefix"]))
            for seen in (listed, again)
        )
        assert first <= line["states"].get("archived", {"objects": 0})["objects"] <= last
        parts = [line[name] for name in ("archived", "restoring", "readable", "unseen")]
        assert sum(part["size"] for part in parts) == line["size"]
        assert sum(part["size"] for part in line["classes"].values()) == line["size"]
    assert ran.summary["objects"] == len(listed)
    assert ran.summary["prefixes"] == len(prefixes) - 1
    # By when they were written it is the same sums.
    for split in ("year", "age", "class", "state"):
        for line in run(served, "du", ARCHIVE, "--json", "--by", split).of("prefix"):
            assert sum(part["size"] for part in line["by"][split].values()) == line["size"], split


def test_for_people_it_fits_eighty_columns_and_ends_with_the_sum(served: Served, run: Run) -> None:
    ran = run(served, "du", ARCHIVE)
    lines = ran.out.splitlines()
    assert lines[0].split() == ["OBJECTS", "SIZE", "ARCHIVED", "RESTORING", "READABLE", "PREFIX"]
    assert lines[-1].endswith(ARCHIVE)
    assert max(map(len, lines[:-1])) <= 80
    assert "archived" in ran.err
    assert max(map(len, run(served, "du", ARCHIVE, "--by", "class").out.splitlines()[:-6])) <= 80
    assert len(run(served, "du", ARCHIVE, "--depth", "0").out.splitlines()) == 2


def test_what_is_listed_anew_and_what_is_not(serve: Serve, run: Run) -> None:
    served = serve("--speed", "1")
    run(served, "du", ARCHIVE)
    before = served.stats["requests"]["ListObjectsV2"]
    run(served, "du", f"{ARCHIVE}2023/")
    assert served.stats["requests"]["ListObjectsV2"] == before, "a listing of all of it was at hand"
    run(served, "du", f"{ARCHIVE}2023/", "--refresh")
    assert served.stats["requests"]["ListObjectsV2"] > before


def test_odd_names_and_versions(served: Served, run: Run) -> None:
    ran = run(served, "du", "s3://acme-odd-names")
    assert ran.code == 0
    assert not any(ord(char) < 32 for char in ran.out.replace("\n", ""))
    plain, every = (
        run(served, "du", "s3://acme-legal-versions", "--json", *flags).summary for flags in ((), ("--versions",))
    )
    assert every["objects"] > plain["objects"]


def test_what_it_refuses(served: Served, run: Run) -> None:
    codes = {
        ("s3://",): 2, ("s3://nope-nope",): 1, ("s3://acme-media-archive/k?versionId=1",): 2,
        ("s3://acme-media-archive", "--depth", "17"): 2, ("s3://acme-media-archive", "--by", "owner"): 2,
        ("s3://acme-empty",): 0,
    }  # fmt: skip
    assert {args: run(served, "du", *args).code for args in codes} == codes
