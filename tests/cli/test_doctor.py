"""``doctor`` says what stands in the way and what helps, by looks alone; ``config show`` whence each value comes."""

from pathlib import Path

from tests.cli.conftest import Run, Serve, Served

ARCHIVE = "s3://acme-media-archive"


def found(run: Run, served: Served | None, *line: str, **env: str) -> dict[str, dict[str, object]]:
    ran = run(served, "doctor", *line, "--json", **env)
    assert ran.summary["checks"] == len(ran.of("check"))
    return {str(check["what"]): check for check in ran.of("check")} | {"": {"code": ran.code}}


def test_all_is_looked_at_and_nothing_is_changed(run: Run, served: Served) -> None:
    checks = found(run, served, ARCHIVE, "oss://acme-oss-films/")
    assert checks.pop("") == {"code": 0}
    for what in (
        "S3 endpoint", "S3 clock", "S3 credentials", "S3 region", "S3 list of buckets", f"bucket {ARCHIVE}",
        f"list {ARCHIVE}", f"look at objects of {ARCHIVE}", f"list versions of {ARCHIVE}",
        "S3 Batch Operations: list jobs", "S3 Batch Operations: role", "OSS credentials", "ledger", "config",
        "program",
    ):  # fmt: skip
        assert checks[what]["ok"] is True, checks[what]
    for what in ("S3 restore", "OSS restore"):
        assert (checks[what].get("ok"), checks[what]["verdict"]) == (None, "cannot_be_known")
        assert checks[what]["hint"]
    allowed = ("Get", "List", "Head", "Describe", "Lookup", "Options")
    changing = [name for name in served.stats["requests"] if not name.startswith(allowed)]
    assert not changing, "never by a restore, or anything else that changes something"


def test_what_is_denied_is_told_with_its_cure(run: Run, served: Served) -> None:
    deny = {"kind": "error", "status": 403, "code": "AccessDenied", "message": "Access Denied"}
    faults = [{**deny, "operations": ["ListBuckets"]}, {**deny, "operations": ["HeadObject"]}]
    served.ask("/_sandbox/faults", {"faults": faults}, "POST")
    checks = found(run, served, ARCHIVE)
    assert checks[""] == {"code": 4}
    head = checks[f"look at objects of {ARCHIVE}"]
    assert (head["verdict"], head["optional"]) == ("denied", False)
    assert head["hint"]
    listing = checks["S3 list of buckets"]
    assert (listing["verdict"], listing["optional"]) == ("denied", True)
    served.ask("/_sandbox/faults", {"faults": faults[:1]}, "POST")
    assert found(run, served, ARCHIVE)[""] == {"code": 0}, "much goes without it"


def test_what_is_broken_ends_it_there(run: Run, serve: Serve) -> None:
    nobody = serve("--objects", "5", "--scenario", "unknown-credentials")
    for what, verdict, code, env in (
        ("S3 endpoint", "broken", 1, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}),
        ("S3 credentials", "denied", 4, {}),
    ):
        checks = found(run, nobody, ARCHIVE, **env)
        assert checks[""] == {"code": code}
        assert checks[what]["verdict"] == verdict
        assert checks[what]["hint"]
        assert "S3 list of buckets" not in checks


def test_a_bucket_that_is_not_there(run: Run, served: Served) -> None:
    checks = found(run, served, "s3://nobody-has-this-bucket")
    assert checks["bucket s3://nobody-has-this-bucket"]["verdict"] == "broken"
    assert checks[""] == {"code": 1}
    assert run(served, "doctor", "s3://").code == 2


def test_people_read_a_line_each_and_the_cure_below(run: Run, served: Served) -> None:
    ran = run(served, "doctor")
    assert ran.code == 0
    assert "ok               S3 credentials: arn:aws:iam::123456789012:user/sandbox" in ran.out
    assert "\n                   see Permissions in the README" in ran.out
    assert "name a bucket to see what may be done in it: restoretui doctor s3://BUCKET" in ran.err
    assert "ok" in ran.err.splitlines()[-1]


def test_settings_know_whence_they_come(run: Run, serve: Serve, tmp_path: Path) -> None:
    served = serve("--objects", "5")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text(
        'rate = 7\nbudget = "5 CNY"\n[webhooks.team]\nurl = "https://h.example/T0K3N"\n'
        '[[hooks]]\non = ["failed"]\nexec = ["curl", "-u", "me:T0K3N"]\n'
        '[[commands]]\nname = "Tell"\nscope = "run"\nrun = ["curl", "-u", "me:T0K3N"]\n'
    )
    ran = run(served, "config", "show", "--region", "eu-west-1", "--json")
    rows = {row["setting"]: (row.get("value"), row["source"]) for row in ran.of("setting")}
    file = str(tmp_path / "config" / "config.toml")
    assert rows["region"] == ("eu-west-1", "--region")
    assert rows["rate"] == ("7.0", file)
    assert rows["budget"] == ("5 CNY", file)
    assert rows["endpoint_url"] == (served.contract["env"]["AWS_ENDPOINT_URL"], "$AWS_ENDPOINT_URL")
    assert rows["state_dir"][1] == "$RESTORETUI_STATE_DIR"
    assert "patience" not in rows
    assert rows["hooks"][0] == '["failed=exec:curl (not shown)"]'
    assert '"run": "curl (not shown)"' in str(rows["commands"][0])
    everything = run(served, "config", "show", "--all", "--json")
    patience = [row for row in everything.of("setting") if row["setting"] == "patience"]
    assert patience[0]["source"] == "default"
    secret = served.contract["env"]["AWS_SECRET_ACCESS_KEY"]
    for text in (everything.out, run(served, "config", "show", "--all").out, ran.err):
        assert secret not in text
        assert "T0K3N" not in text
        assert served.contract["env"]["AWS_ACCESS_KEY_ID"] not in text


def test_the_config_that_was_read_is_named_wherever_it_lies(run: Run, serve: Serve, tmp_path: Path) -> None:
    served = serve("--objects", "5")
    own = tmp_path / "own.toml"
    own.write_text("rate = 7\n")
    for line, env, source in (
        (("--config", str(own)), {}, "--config"),
        ((), {"RESTORETUI_CONFIG": str(own)}, "$RESTORETUI_CONFIG"),
    ):
        told = found(run, served, *line, **env)["config"]
        assert (told["ok"], str(told["reason"]).partition(";")[0]) == (True, f"{own}: 1 setting")
        shown = run(served, "config", "show", *line, "--json", **env).of("setting")
        rows = {row["setting"]: (row["value"], row["source"]) for row in shown}
        assert rows["config_file"] == (str(own), source)
        assert rows["config_dir"] == (str(tmp_path), source)
    missing = found(run, served, RESTORETUI_CONFIG=str(tmp_path / "mistyped.toml"))
    assert (missing["config"]["verdict"], missing["config"]["optional"]) == ("broken", True)
    assert "$RESTORETUI_CONFIG" in str(missing["config"]["reason"])
    assert missing[""] == {"code": 0}


def test_clouds_are_looked_at_with_a_damaged_ledger_and_prices_too(run: Run, served: Served, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ledger.db").write_bytes(b"nonsense" * 100)
    checks = found(run, served, ARCHIVE)
    assert checks[""] == {"code": 1}
    assert (checks["ledger"]["verdict"], checks[f"list {ARCHIVE}"]["verdict"]) == ("broken", "ok")
    assert (tmp_path / "state" / "ledger.db").read_bytes() == b"nonsense" * 100
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "prices.toml").write_text("nonsense ][")
    checks = found(run, served, ARCHIVE)
    assert (checks["prices"]["verdict"], checks[f"list {ARCHIVE}"]["verdict"]) == ("broken", "ok")
    assert "prices.toml is not valid TOML" in str(checks["prices"]["reason"])


def test_rows_of_findings_and_settings_are_tables_of_their_own(run: Run, served: Served) -> None:
    table = run(served, "doctor", "s3://nobody-has-this-bucket", "--format", "csv").out.splitlines()
    assert table[0] == "what,verdict,optional,reason,hint"
    assert any(row.startswith("bucket s3://nobody-has-this-bucket,broken,false,") for row in table)
    wide = run(served, "doctor", "--format", "wide").out.splitlines()
    assert len({row.index(of) for row in wide[1:] for of in ("true", "false") if f"  {of}  " in row}) == 1
    settings = run(served, "config", "show", "--format", "csv").out.splitlines()
    assert settings[0] == "setting,value,source"
    assert len(settings) > 5
    assert "\nregion " in run(served, "config", "show", "--format", "wide").out
    assert run(served, "config", "show", "--columns", "setting").out.startswith("SETTING\nregion\n")
