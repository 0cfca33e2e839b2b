"""Sets of objects with a name: kept, shown, handed to a colleague, held against another and against now."""

from pathlib import Path

from tests.cli.conftest import Run, Serve, Served

ARCHIVE = "s3://acme-media-archive/archive/"
BUCKET = "s3://acme-media-archive"


def test_a_set_stands_where_a_location_does(served: Served, run: Run, tmp_path: Path) -> None:
    kept = run(served, "set", "save", "@friday", BUCKET, "--storage-class", "glacier", "--json")
    assert kept.code == 0, kept.err
    count = kept.summary["objects"]
    assert count > 2
    taken = run(served, "set", "save", "friday", BUCKET)
    assert (taken.code, "there is a set @friday already" in taken.err) == (2, True)
    assert "would have" in run(served, "set", "save", "friday", ARCHIVE, "--replace", "--dry-run").err
    (line,) = run(served, "set", "ls", "--json").of("set")
    assert (line["set"], line["objects"]) == ("friday", count)
    (part,) = run(served, "set", "show", "friday", "--json").of("set")
    assert (part["location"], part["storage_class"], part["objects"]) == (BUCKET, "GLACIER", count)
    served.ask("/_sandbox/reset-stats", method="POST")
    listed = run(served, "ls", "@friday", "--json")
    assert listed.summary["objects"] == count
    assert listed.summary["locations"] == ["@friday"]
    assert run(served, "du", "@friday", "--json").summary["objects"] == count
    assert not served.stats["requests"], "a set is shown without a request"
    done = run(served, "restore", "@friday", "--days", "2", "--tier", "expedited", "--yes", "--wait", "--json")
    assert (done.code, done.summary["available"]) == (0, count), done.err
    failed = run(served, "set", "save", "from-run", "--run", "last", "--where", "state:available", "--json")
    assert failed.summary["objects"] == count
    now = run(served, "set", "diff", "@friday", "--json")
    assert (now.code, now.summary["alike"], now.summary["available"]) == (0, count, count)
    # What is not there is missing, and is named where the set is to be restored.
    file = tmp_path / "friday.csv"
    assert f"{count} objects written to" in run(served, "set", "export", "friday", "-o", str(file)).err
    with file.open("a") as more:
        more.write(f"{BUCKET}/no/such\r\n")
    edited = run(served, "set", "import", "friday", str(file), "--replace", "--json")
    assert (edited.code, edited.summary["objects"]) == (0, count + 1)
    now = run(served, "set", "diff", "@friday", "--json")
    assert (now.code, now.summary["missing"], now.summary["alike"]) == (1, 1, count)
    assert [(row["diff"], row["key"]) for row in now.of("object")] == [("missing", "no/such")]
    plan = run(served, "plan", "@friday", "--days", "2", "--json")
    assert (plan.code, plan.summary["missing"]) == (1, 1)
    assert "would be forgotten" in run(served, "set", "drop", "friday", "--dry-run").err
    assert run(served, "set", "drop", "friday").code == 5, "nobody was there to say yes"
    assert run(served, "set", "drop", "friday", "--yes").code == 0
    ran = run(served, "plan", "@friday", "--days", "2")
    assert (ran.code, "no set is called @friday" in ran.err, "@from-run" in ran.err) == (2, True, True)


def test_what_is_not_meant_is_refused(served: Served, run: Run, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a\n")
    (tmp_path / "bad.csv").write_text(f"location,key\n{BUCKET}/a,a\nnowhere,b\n")
    assert run(served, "set", "import", "one", str(tmp_path / "keys"), "--bucket", BUCKET).code == 0
    for words, reason in {
        ("ls", "@one", "--versions"): "says itself which objects and versions",
        ("undelete", "@one", "--as-of", "5m"): "@one is a set",
        ("set", "save", "two", BUCKET, "--run", "last"): "--run says which objects",
        ("set", "save", "two", "s3://acme-empty"): "nothing is there to be saved",
        ("set", "save", "x y", BUCKET): "cannot be the name",
        ("set", "import", "two", str(tmp_path / "keys")): "no bucket was named",
        ("set", "import", "two", str(tmp_path / "bad.csv")): "line 3",
        ("set", "diff", BUCKET): "what is it to be held against",
        ("set", "diff", "@one", "--from-inventory", "x"): "none is named for it",
        ("ls", "@none"): "no set is called @none",
    }.items():
        ran = run(served, *words)
        assert (ran.code, ran.out) == (2, ""), (words, ran.err)
        assert reason in ran.err, ran.err


def test_what_is_archived_in_an_account_is_summed_by_what_is_known(serve: Serve, run: Run) -> None:
    served = serve("--objects", "60", "--inventories")
    run(served, "import", BUCKET, "--from-inventory", "s3://acme-inventories/")
    served.ask("/_sandbox/reset-stats", method="POST")
    ran = run(served, "ls", "s3://", "--archived", "--json")
    known = [line for line in ran.of("bucket") if "archived" in line]
    assert [line["location"] for line in known] == [BUCKET], "of the others nothing is known, and nothing is listed"
    assert 0 < known[0]["archived"]["objects"] < known[0]["objects"] == ran.summary["objects"] == 60
    assert not {name for name in served.stats["requests"] if name.startswith("ListObject")}
    whole = run(served, "ls", "s3://", "--archived", "--refresh", "--json")
    assert all("archived" in line for line in whole.of("bucket")), whole.err
    archived = sum(line["archived"]["objects"] for line in whole.of("bucket"))
    assert (whole.code, whole.summary["archived"]) == (0, archived)
    assert archived > known[0]["archived"]["objects"]
    for words in (
        ("ls", BUCKET, "--archived"),
        ("ls", BUCKET, "--refresh"),
        ("ls", "s3://", "--archived", "--versions"),
    ):
        assert run(served, *words).code == 2
