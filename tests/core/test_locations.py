"""Locations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.errors import ExitCode, LocationError
from restoretui.core.location import MAX_KEY_BYTES, Location, check_key, parse_location

LOCATIONS = [
    ("s3://", Location("s3")),
    ("oss://", Location("oss")),
    ("s3://films", Location("s3", "films")),
    ("s3://films/2024/", Location("s3", "films", "2024/")),
    ("s3://films/2024/a.mov", Location("s3", "films", key="2024/a.mov")),
    ("s3://films/2024/part*", Location("s3", "films", "2024/part")),
    ("oss://films/part*", Location("oss", "films", "part")),
    # A star is a wildcard at the very end only; a slash at the end always means the prefix.
    ("s3://films/a*b", Location("s3", "films", key="a*b")),
    ("s3://films/a**", Location("s3", "films", "a*")),
    ("s3://films/a*/", Location("s3", "films", "a*/")),
    # Empty names between slashes are keys like any other.
    ("s3://films//", Location("s3", "films", "/")),
    ("s3://films//a", Location("s3", "films", key="/a")),
    ("s3://films/../a", Location("s3", "films", key="../a")),
    # Nothing is trimmed, decoded or normalised.
    ("s3://films/ a ", Location("s3", "films", key=" a ")),
    ("s3://films/a\n", Location("s3", "films", key="a\n")),
    ("s3://films/a\x1b[31m[bold]", Location("s3", "films", key="a\x1b[31m[bold]")),
    ("s3://films/a%20b?versionId=1#x", Location("s3", "films", key="a%20b?versionId=1#x")),
    ("s3://films/ключ/日本語 \u202e🎬", Location("s3", "films", key="ключ/日本語 \u202e🎬")),
    # What stands before ?versionId= is a key, whatever it ends in.
    ("s3://films/a?versionId=3L4kq.t_9-a", Location("s3", "films", key="a", version_id="3L4kq.t_9-a")),
    ("s3://films/a/?versionId=", Location("s3", "films", key="a/")),
    ("s3://films/a*?versionId=null", Location("s3", "films", key="a*", version_id="null")),
    ("s3://films/a?versionId=b?versionId=", Location("s3", "films", key="a?versionId=b")),
    ("s3://films/a?versionId=b/", Location("s3", "films", "a?versionId=b/")),
    ("oss://films/a?versionId=%2F%2A", Location("oss", "films", key="a", version_id="/*")),
    ("s3://films/s3://films/a", Location("s3", "films", key="s3://films/a")),
    # Laxer than today's rules for buckets: old and compatible ones.
    ("s3://My_Old.Bucket-1/a", Location("s3", "My_Old.Bucket-1", key="a")),
    ("s3://ab", Location("s3", "ab")),
    # Ceph's buckets of another tenant, and an access point by its alias.
    ("s3://acme:archive/a", Location("s3", "acme:archive", key="a")),
    ("s3://photos-abcdefgh1234567890-s3alias/a/", Location("s3", "photos-abcdefgh1234567890-s3alias", "a/")),
]


@pytest.mark.parametrize(("text", "location"), LOCATIONS)
def test_parsed_and_written(text: str, location: Location) -> None:
    assert parse_location(text) == location
    assert str(location) == text


@pytest.mark.parametrize(
    ("text", "location", "canonical"),
    [
        ("s3://films/", Location("s3", "films"), "s3://films"),
        ("s3://films/*", Location("s3", "films"), "s3://films"),
        ("s3://films/2024/*", Location("s3", "films", "2024/"), "s3://films/2024/"),
    ],
)
def test_two_ways_to_write_it(text: str, location: Location, canonical: str) -> None:
    assert parse_location(text) == location
    assert str(location) == canonical
    assert parse_location(canonical) == location


BAD = [
    ("", "'' is not a location: it has no scheme"),
    ("films/2024/", "'films/2024/' is not a location: it has no scheme"),
    ("s3:/films", "'s3:/films' is not a location: it has no scheme"),
    ("S3://films", "'S3://films' is not a location: unknown scheme 'S3'"),
    ("https://films.s3.amazonaws.com/a", "unknown scheme 'https'"),
    ("://films", "unknown scheme ''"),
    ("s3:///a", "'' cannot be a bucket's name"),
    ("s3://a", "'a' cannot be a bucket's name"),
    ("s3://fil ms/a", "'fil ms' cannot be a bucket's name"),
    ("s3://films\n", r"'films\n' cannot be a bucket's name"),
    ("s3://-films", "'-films' cannot be a bucket's name"),
    ("s3://" + "b" * 256, "cannot be a bucket's name"),
    ("s3://бакет", "cannot be a bucket's name"),
    ("s3://films/" + "k" * 1025, "a key of 1025 bytes is longer than the cloud's 1024"),
    ("s3://films/" + "é" * 513, "a key of 1026 bytes is longer than the cloud's 1024"),
    ("s3://films/" + "k" * 1025 + "*", "a key of 1025 bytes is longer than the cloud's 1024"),
    ("s3://films/" + "k" * 1024 + "/", "a key of 1025 bytes is longer than the cloud's 1024"),
    ("s3://films/?versionId=x", "names no key"),
    ("s3://films/a?versionId=%FF", "is not a version id"),
    ("s3://films/a\udcff", r"'a\udcff' is not valid Unicode, so it cannot be a key"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_what_is_not_a_location_is_said_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(LocationError) as caught:
        parse_location(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE


def test_the_hint_shows_how_to_write_one() -> None:
    with pytest.raises(LocationError) as caught:
        parse_location("films")
    assert "s3://BUCKET/PREFIX/" in caught.value.hint


def test_no_message_lets_control_characters_through() -> None:
    for text in ("\x1b[2Jfilms", "\x1b[2J://films", "s3://\x1b[2J", "s3://films/\x1b[2J\udcff", "s3://\u202e"):
        with pytest.raises(LocationError) as caught:
            parse_location(text)
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("key", ["k" * MAX_KEY_BYTES, "", "🎬" * 256])
def test_a_key_the_cloud_could_hold(key: str) -> None:
    assert check_key(key) is key


@pytest.mark.parametrize(
    ("text", "parents"),
    [
        ("s3://", ["s3://"]),
        ("s3://films", ["s3://", "s3://"]),
        ("s3://films/a", ["s3://films", "s3://"]),
        ("s3://films/a/b/", ["s3://films/a/", "s3://films", "s3://"]),
        ("s3://films/a/b/c", ["s3://films/a/b/", "s3://films/a/", "s3://films", "s3://"]),
        ("s3://films/a/par*", ["s3://films/a/", "s3://films", "s3://"]),
        ("s3://films/par*", ["s3://films", "s3://"]),
        ("s3://films//", ["s3://films", "s3://"]),
        ("s3://films///a", ["s3://films///", "s3://films//", "s3://films", "s3://"]),
        ("s3://films//a", ["s3://films//", "s3://films", "s3://"]),
    ],
)
def test_going_up(text: str, parents: list[str]) -> None:
    location = parse_location(text)
    for parent in parents:
        location = location.parent
        assert str(location) == parent


def test_a_marker_object_lies_in_the_prefix_it_marks() -> None:
    assert Location("s3", "films", key="a/b/").parent == Location("s3", "films", "a/b/")


def test_going_down() -> None:
    films = parse_location("s3://films/2024/")
    assert films.below("2024/05/") == parse_location("s3://films/2024/05/")
    assert films.object("2024/a*") == Location("s3", "films", key="2024/a*")


buckets = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}", fullmatch=True)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(scheme=st.sampled_from(["s3", "oss"]), bucket=buckets, rest=st.one_of(st.just(""), keys.map("/{}".format)))
def test_what_was_parsed_can_be_written_and_parsed_again(scheme: str, bucket: str, rest: str) -> None:
    location = parse_location(f"{scheme}://{bucket}{rest}")
    assert parse_location(str(location)) == location
    assert location.key is None or not location.prefix


hostile = st.lists(
    st.sampled_from(["/", "*", "?versionId=", "?versionId=a", "%2F", "%", "#", "?", "\n", "\x1b", "\u202e", "k", "é"])
    | st.characters(exclude_categories=["Cs"]),
    max_size=12,
).map("".join)
version_ids = st.none() | st.from_regex(r"[A-Za-z0-9._]{1,40}", fullmatch=True) | keys.filter(bool)
schemes = st.sampled_from(["s3", "oss"])


@given(scheme=schemes, bucket=buckets, key=(keys | hostile).filter(bool), version_id=version_ids)
def test_every_object_has_a_location_that_reads_back_as_that_very_object(
    scheme: str, bucket: str, key: str, version_id: str | None
) -> None:
    location = Location(scheme, bucket, key=key, version_id=version_id)
    assert parse_location(str(location)) == location
    ordinary = version_id is None and not key.endswith(("/", "*")) and "?versionId=" not in key
    assert not ordinary or str(location) == f"{scheme}://{bucket}/{key}", "and people write most of them themselves"


PIECES = st.sampled_from(
    ["s3://", "oss://", "arn:aws:s3:::", "arn:aws:s3", ".mrap", "films", "/", ":", "*", "?versionId=", "a"]
)


@given(st.lists(PIECES, max_size=9).map("".join))
def test_a_bucket_that_is_known_is_read_as_one_that_is_not(text: str) -> None:
    def read() -> object:
        try:
            return parse_location(text)
        except LocationError as error:
            return str(error), error.hint

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("restoretui.core.location._bucket_named", lambda _: None)
        anew = read()
    assert read() == anew


@given(scheme=schemes, bucket=buckets, prefix=keys | hostile)
def test_every_prefix_has_a_location(scheme: str, bucket: str, prefix: str) -> None:
    location = Location(scheme, bucket, prefix)
    assert parse_location(str(location)) == location


@given(scheme=schemes, bucket=buckets, one=hostile, other=hostile)
def test_no_two_places_are_written_alike(scheme: str, bucket: str, one: str, other: str) -> None:
    places = {Location(scheme, bucket, text) for text in (one, other)}
    places |= {Location(scheme, bucket, key=text, version_id=v) for text in (one, other) if text for v in (None, "a")}
    assert len({str(place) for place in places}) == len(places)


@given(bucket=buckets, key=keys)
def test_going_up_always_ends_at_the_buckets(bucket: str, key: str) -> None:
    location = Location("s3", bucket, key=key)
    for _ in range(key.count("/") + 3):
        location = location.parent
    assert location == Location("s3")


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/photos/a", "'photos' is named by its alias", "-s3alias"),
        ("arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:photos", "'photos' is named by its alias", "cn-north-1"),
        ("s3://arn:aws:s3::123456789012:accesspoint/m1.mrap/a", "'m1.mrap' is a Multi-Region Access Point", "BUCKET"),
        ("s3://m1.mrap/a", "'m1.mrap' is a Multi-Region Access Point", "BUCKET"),
        ("arn:aws-us-gov:s3:::films/2024/", "no ARN", "write s3://films/2024/"),
        ("arn:aws:s3-outposts:us-west-2:1:outpost/o/bucket/b", "s3-outposts", ""),
        ("s3://arn:aws:s3-object-lambda:us-west-2:1:accesspoint/x", "s3-object-lambda", ""),
    ],
)
def test_an_arn_is_told_how_to_write_it(text: str, said: str, hint: str) -> None:
    with pytest.raises(LocationError, match=said) as caught:
        parse_location(text)
    assert hint in caught.value.hint
