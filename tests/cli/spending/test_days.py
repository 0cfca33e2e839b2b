"""How long copies last, by command: days or a date, more once they are there, fewer only in so many words."""

from tests.cli.conftest import Run, Serve, Served

PLACE = "s3://acme-frankfurt-archive"


def test_days_asked_for_are_got_or_said_to_be_missing(run: Run, serve: Serve) -> None:
    served = serve("--objects", "20", "--speed", "14400")
    args = (PLACE, "--tier", "bulk", "--storage-class", "GLACIER")
    first = run(served, "restore", *args, "--days", "300", "--yes", "--json")
    again = run(served, "restore", *args, "--days", "360", "--yes", "--json", "--wait")
    plan = again.of("plan")[0]
    # The cloud's time runs on between two commands: some may be there already.
    assert set(plan["actions"]) <= {"extend_on_arrival", "extend"}
    assert plan["requests"] == first.of("plan")[0]["requests"]
    assert (again.code, again.summary["short_of_days"]) == (0, 0), again.err
    assert again.summary["available"] >= plan["requests"]
    ends = {line["key"]: line["expiry"] for line in again.of("change") if line["state"] == "available"}
    assert min(ends.values()) >= plan["expiry_not_before"]
    shorter = run(served, "restore", *args, "--days", "3", "--yes", "--json")
    assert shorter.summary["requests"] == 0, "no copy is shortened by the way"
    asked = run(served, "plan", *args, "--until", "2030-01-01", "--shorten", "--json").of("plan")[0]
    assert asked["expiry_not_before"] >= "2030-01-01"


def test_days_and_dates_that_cannot_be_meant(run: Run, served: Served) -> None:
    args = ("plan", PLACE)
    for said, why in (
        ((), "'--days' (or '--until')"),
        (("--days", "1", "--until", "2030-01-01"), "twice"),
        (("--until", "2020-01-01"), "that is over"),
        (("--until", "friday"), "is not an instant"),
    ):
        ran = run(served, *args, *said)
        assert (ran.code, why in ran.err) == (2, True), ran.err
