"""The lines of the clouds' own tools: every parameter is one of the service's, and no key is anything but a key."""

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import botocore.session
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator

from restoretui.core.model import ObjectRef, RestoreRequest, Tier
from restoretui.core.provider import Connection
from restoretui.core.rules.cloud_commands import Reached, Uploaded
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.commands import ShellCommand, file_of
from restoretui.core.rules.oss import OSS
from restoretui.core.rules.oss_commands import OssCommands
from restoretui.core.rules.s3 import S3
from restoretui.core.rules.s3_commands import S3Commands
from restoretui.wording.command_line import command_line, command_lines

GLOBAL = {"profile", "region", "endpoint-url", "query", "output"}
"""docs.aws.amazon.com/cli/latest/reference: options that every command takes."""
REQUEST = RestoreRequest(7, Tier.BULK)
AT = Reached(Connection("s3", profile="p", requester_pays=True, expected_bucket_owner="123456789012"), "eu-central-1")
OSS_AT = Reached(Connection("oss", region="cn-hangzhou"), "cn-hangzhou")
MODELS = botocore.session.Session()


def asked(words: list[str]) -> tuple[str, dict[str, Any]]:
    """The parameters that ``aws SERVICE OPERATION`` is given, checked against the service's model."""
    assert words[0] == "aws"
    model = MODELS.get_service_model(words[1].replace("s3api", "s3"))
    operation = next(name for name in model.operation_names if xform_name(name, "-") == words[2])
    shape = model.operation_model(operation).input_shape
    members = {xform_name(name, "-"): name for name in shape.members}
    given: dict[str, Any] = {}
    rest = words[3:]
    while rest:
        flag, found, value = rest.pop(0).partition("=")
        if not flag.startswith("--"):
            continue  # get-object's file
        if flag.removeprefix("--no-") in members or flag == "--confirmation-required":
            given["ConfirmationRequired"] = not flag.startswith("--no-")
            continue
        value = value if found else rest.pop(0)
        name = flag.removeprefix("--")
        if name == "cli-input-json":
            given |= json.loads(value)
        elif name not in GLOBAL:
            kind = shape.members[members[name]].type_name
            body = value.startswith(("{", "["))
            given[members[name]] = json.loads(value) if body else int(value) if kind == "integer" else value
    given.pop("Body", None)
    token = {"ClientRequestToken": "thought of by the CLI"} if operation == "CreateJob" else {}
    report = ParamValidator().validate(token | given, shape)
    assert not report.has_errors(), report.generate_report()
    return operation, given


@pytest.mark.parametrize(
    "key", ["plain.mov", "a b'c", "-rf", "file://etc", "new\nline", "\x1b[31m", "é漢", "$(x)", "\u202e", "https://x"]
)
def test_restore_object_is_asked_for_that_very_key(key: str) -> None:
    ref = ObjectRef("bucket", key, "v1")
    line = command_line(S3Commands(S3).restore(AT, ref, REQUEST, "DEEP_ARCHIVE"))
    operation, given = asked(shlex.split(line))
    assert operation == "RestoreObject"
    assert given == {
        "Bucket": "bucket", "Key": key, "VersionId": "v1", "RequestPayer": "requester",
        "ExpectedBucketOwner": "123456789012",
        "RestoreRequest": {"Days": 7, "GlacierJobParameters": {"Tier": "Bulk"}},
    }  # fmt: skip
    assert not any(word.startswith(("file://", "https://")) for word in shlex.split(line)), "the AWS CLI reads those"


def test_intelligent_tiering_is_given_no_days() -> None:
    command = S3Commands(S3).restore(AT, ObjectRef("b", "k"), REQUEST, "INTELLIGENT_TIERING")
    assert asked(list(command.words))[1]["RestoreRequest"] == {"GlacierJobParameters": {"Tier": "Bulk"}}


def test_many_are_asked_for_in_a_loop_over_a_file() -> None:
    line = command_line(S3Commands(S3).restore_each(AT, "b", REQUEST, "GLACIER", "/tmp/my keys"))
    assert line.startswith('while IFS= read -r key; do aws s3api restore-object --bucket b --key="$key" ')
    assert line.endswith("; done < '/tmp/my keys'")


JOB: Mapping[str, Any] = {
    "ConfirmationRequired": True, "Priority": 10, "RoleArn": "arn:aws:iam::123456789012:role/r",
    "Operation": {"S3InitiateRestoreObject": {"GlacierJobTier": "BULK", "ExpirationInDays": 7}},
    "Report": {"Enabled": False}, "Description": "it's cold", "Tags": [{"Key": "a", "Value": "b c"}],
}  # fmt: skip


def test_a_job_is_made_of_the_manifest_that_was_uploaded() -> None:
    put, make = S3Commands(S3).creates_job(
        AT, "123456789012", JOB, Uploaded("/tmp/m.csv", "b", "x/m.csv", versions=True)
    )
    assert put.into == "etag"
    assert asked(list(put.words)) == ("PutObject", {"Bucket": "b", "Key": "x/m.csv"})
    line = command_lines([put, make])
    first, second = line.split("\n")
    assert first.startswith("etag=$(aws s3api put-object ")
    # What the shell puts in for "$etag" are the quotes and all that ``--query ETag`` prints.
    words = [word.replace("$etag", '"0123"') for word in shlex.split(second)]
    operation, given = asked(words)
    assert operation == "CreateJob"
    assert given == {**JOB, "AccountId": "123456789012", "Manifest": {
        "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key", "VersionId"]},
        "Location": {"ObjectArn": "arn:aws:s3:::b/x/m.csv", "ETag": "0123"},
    }}  # fmt: skip


def test_a_jobs_status_and_priority() -> None:
    for operation, value in (("status", "Ready"), ("priority", "42")):
        command = S3Commands(S3).changes_job(AT, "123456789012", "job-1", operation, value)
        assert command is not None
        assert asked(list(command.words))[0] == f"UpdateJob{operation.capitalize()}"


@pytest.mark.parametrize(
    ("at", "url", "arn"),
    [
        (Reached(Connection("s3"), "us-east-1"), "https://b-1.s3.us-east-1.amazonaws.com/", "arn:aws:s3:::b-1/"),
        (Reached(Connection("s3"), "cn-north-1"), "https://b-1.s3.cn-north-1.amazonaws.com.cn/",
         "arn:aws-cn:s3:::b-1/"),
        (Reached(Connection("s3"), "us-gov-west-1"), "https://b-1.s3.us-gov-west-1.amazonaws.com/",
         "arn:aws-us-gov:s3:::b-1/"),
        (Reached(Connection("s3", endpoint_url="http://127.0.0.1:9000"), "us-east-1"), "http://127.0.0.1:9000/b-1/",
         "arn:aws:s3:::b-1/"),
        (Reached(Connection("s3", endpoint_url="https://s3.fr-par.scw.cloud", path_style=False), "fr-par"),
         "https://b-1.s3.fr-par.scw.cloud/", "arn:aws:s3:::b-1/"),
        (OSS_AT, "https://b-1.oss-cn-hangzhou.aliyuncs.com/", "acs:oss:*:*:b-1/"),
        (Reached(Connection("oss", internal=True), "cn-hangzhou"), "https://b-1.oss-cn-hangzhou-internal.aliyuncs.com/",
         "acs:oss:*:*:b-1/"),
        (Reached(Connection("oss", endpoint_url="cdn.example", cname=True), "cn-hangzhou"), "https://cdn.example/",
         "acs:oss:*:*:b-1/"),
    ],
)  # fmt: skip
def test_names_of_an_object(at: Reached, url: str, arn: str) -> None:
    make = CLOUDS[at.connection.scheme].commands
    assert make is not None
    tools, key = make(CLOUDS[at.connection.scheme].rules), "dir/a b+c?#%é\n.mov"
    found = tools.url(at, "b-1", key, "v 1")
    assert found == f"{url}dir/a%20b%2Bc%3F%23%25%C3%A9%0A.mov?versionId=v%201"
    assert unquote(urlsplit(found).path).endswith(key)
    assert tools.arn(at, "b-1", key) == arn + key


def test_a_bucket_with_dots_is_in_the_path_since_no_certificate_covers_it() -> None:
    assert S3Commands(S3).url(Reached(Connection("s3"), "us-east-1"), "a.b", "k", None) == (
        "https://s3.us-east-1.amazonaws.com/a.b/k"
    )


def lines(tools: S3Commands | OssCommands, at: Reached, ref: ObjectRef | None, prefix: str = "") -> dict[str, str]:
    return {name: command_line(command) for name, command in tools.downloads(at, ref, "b", prefix)}


def test_every_tool_is_told_to_read_what_is_restored() -> None:
    at = Reached(Connection("s3", profile="p"), "eu-central-1")
    assert lines(S3Commands(S3), at, ObjectRef("b", "dir/a b.mov")) == {
        "aws": "aws s3 cp 's3://b/dir/a b.mov' './a b.mov' --force-glacier-transfer"
        " --profile p --region eu-central-1",
        "rclone": "rclone copyto ':s3,provider=AWS,env_auth=true,profile=p,region=eu-central-1,no_check_bucket=true:"
        "b/dir/a b.mov' './a b.mov'",
        "s5cmd": "s5cmd --profile p cp --force-glacier-transfer --raw 's3://b/dir/a b.mov' './a b.mov'",
    }
    below = lines(S3Commands(S3), at, None, "dir/")
    assert "s3://b/dir/ ./dir --recursive --force-glacier-transfer" in below["aws"]
    assert below["s5cmd"] == "s5cmd --profile p cp --force-glacier-transfer 's3://b/dir/*' ./dir/"
    store = Reached(Connection("s3", endpoint_url="https://store.example:9000"), "eu-central-1")
    assert 'endpoint="https://store.example:9000"' in lines(S3Commands(S3), store, ObjectRef("b", "k"))["rclone"]
    assert lines(OssCommands(OSS), OSS_AT, ObjectRef("b", "k", "v")) == {
        "ossutil": "ossutil cp oss://b/k ./k --version-id v --region cn-hangzhou"
    }


def test_a_version_is_read_by_get_object() -> None:
    aws = dict(S3Commands(S3).downloads(AT, ObjectRef("b", "k", "v"), "b", ""))["aws"]
    assert asked([word for word in aws.words if word != "./k"])[0] == "GetObject"


@pytest.mark.parametrize(
    ("key", "name"), [("a/b.mov", "b.mov"), ("a/", "a"), ("..", "download"), ("x/\x1b", "download"), ("a/-rf", "-rf")]
)
def test_a_download_goes_into_the_folder_one_is_in(key: str, name: str) -> None:
    assert file_of(key) == f"./{name}"


def test_ossutil_is_asked_in_oss_own_terms() -> None:
    tools, ref = OssCommands(OSS), ObjectRef("b", "it's", "v1")
    words = shlex.split(command_line(tools.restore(OSS_AT, ref, REQUEST, "ColdArchive")))
    assert words[:9] == ["ossutil", "api", "restore-object", "--bucket", "b", "--key", "it's", "--version-id", "v1"]
    assert json.loads(words[10]) == {"Days": 7, "JobParameters": {"Tier": "Bulk"}}
    archive = shlex.split(command_line(tools.restore(OSS_AT, ref, REQUEST, "Archive")))
    assert json.loads(archive[10]) == {"Days": 7}, "the class has one speed"
    assert isinstance(tools.ends_copy(OSS_AT, ref), ShellCommand)
