"""Locations on the command line and in the address field: ``s3://bucket/key``, ``oss://bucket/prefix/``.

A location is never guessed at:

================================  ==========================================================
``s3://bucket``                   the whole bucket
``s3://bucket/p/``                every key below the prefix ``p/``
``s3://bucket/key``               that one object
``s3://bucket/part*``             keys that begin with ``part``
``s3://bucket/key?versionId=ID``  that version of that one object
``s3://bucket/p/?versionId=``     the one object whose key is ``p/``, as it is now
``s3://``                         the buckets of the account
``s3+PROFILE://…``                the same with the keys of that profile: read by ``config.places``, as ``NAME:`` is
================================  ==========================================================

Behind ``?versionId=`` at the end nothing is a wildcard: what stands before it is a key, verbatim. So every object has
a location that reads back as that very object, also one whose key ends in ``/`` or ``*``, or holds ``?versionId=``.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote, unquote

from msgspec import Struct

from restoretui.core.errors import LocationError
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.core.rules.clouds import CLOUDS

MAX_KEY_BYTES = 1024
"""Longest key of S3 and OSS, in UTF-8 bytes (S3 user guide, object keys)."""

# Laxer than either cloud on purpose: old us-east-1 buckets and compatible stores allow more than today's rules.
# Ceph's multitenancy names a bucket of another tenant TENANT:BUCKET.
_BUCKET = re.compile(r"(?:[A-Za-z0-9_]{1,254}:)?[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_LONGEST_HEAD = 600
"""Characters of scheme and bucket, at most."""
_VERSION = "?versionId="
# Ids are percent-encoded, so that none ends in a slash or a star: those end a prefix.
_OBJECT = r"(?s)(?P<key>.*)\?versionId=(?P<id>[A-Za-z0-9._~%-]*)"
_FORM = "write s3://BUCKET, s3://BUCKET/PREFIX/, s3://BUCKET/KEY or s3://BUCKET/PART*"


class Location(Struct, frozen=True):
    """A place in a cloud. At most one of ``key`` and a non-empty ``prefix`` is given; a version only with a key.

    ``str()`` gives the text that ``parse_location`` reads back.
    """

    scheme: str
    bucket: str = ""
    prefix: str = ""
    key: str | None = None
    version_id: str | None = None

    def __str__(self) -> str:
        if not self.bucket:
            return f"{self.scheme}://"
        if self.key is not None:
            plain = f"{self.scheme}://{self.bucket}/{self.key}"
            if self.version_id is None and not self.key.endswith(("/", "*")) and not _as_object(self.key):
                return plain
            return f"{plain}{_VERSION}{quote(self.version_id or '', safe='')}"
        if not self.prefix:
            return f"{self.scheme}://{self.bucket}"
        star = "" if self.prefix.endswith("/") else "*"
        return f"{self.scheme}://{self.bucket}/{self.prefix}{star}"

    @property
    def parent(self) -> "Location":
        """One level up: the enclosing prefix, then the bucket, then the buckets."""
        if self.key is None and not self.prefix:
            return Location(self.scheme)
        text = self.key if self.key is not None else self.prefix.removesuffix("/")
        head, slash, _ = text.rpartition("/")
        return Location(self.scheme, self.bucket, head + slash)

    def covers(self, other: "Location") -> bool:
        """All that is at ``other`` now is at this place, too; of a single version that is not said."""
        if (self.scheme, self.bucket) != (other.scheme, other.bucket) or other.version_id != self.version_id:
            return False
        if self.key is not None:
            return other.key == self.key
        return (other.prefix if other.key is None else other.key).startswith(self.prefix)

    def below(self, prefix: str) -> "Location":
        """The location of everything that begins with ``prefix`` in the same bucket."""
        return Location(self.scheme, self.bucket, prefix)

    def object(self, key: str) -> "Location":
        """The location of one key in the same bucket."""
        return Location(self.scheme, self.bucket, key=key)


def told_apart(places: Sequence[Location]) -> list[tuple[Location, bool]]:
    """Each place once, in their order, and whether another of them holds all of it."""
    once = list(dict.fromkeys(places))
    return [(place, any(other.covers(place) for other in once if other != place)) for place in once]


def parse_location(text: str) -> Location:
    """Read one location; ``LocationError`` says what is wrong with it and how to write it."""
    end = text.find("/", text.find("://") + len("://"), _LONGEST_HEAD)
    if end > 0 and (known := _bucket_named(text[:end])):
        return _within(text, *known, text[end + 1 :])
    for kind in CLOUDS.values():
        if written := kind.written_otherwise(text):
            raise LocationError(*written)
    scheme, found, rest = text.partition("://")
    if not found and text.startswith("@"):
        raise LocationError(f"{text} is a set, and this is about places", "name the bucket or a prefix")
    if not found:
        raise LocationError(f"{text!r} is not a location: it has no scheme", _FORM)
    if scheme.partition("+")[0] in CLOUDS:
        _check_account(text, scheme)
    if scheme not in CLOUDS:
        raise LocationError(f"{text!r} is not a location: unknown scheme {scheme!r}", _FORM)
    if not rest:
        return Location(scheme)
    bucket, _, key = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise LocationError(f"{bucket!r} cannot be a bucket's name", _FORM)
    return _within(text, scheme, bucket, key)


@lru_cache(1024)
def _bucket_named(text: str) -> tuple[str, str] | None:
    """Scheme and bucket of a location that names nothing else: lists name the same few a million times."""
    try:
        place = parse_location(text)
    except LocationError:
        return None  # Perhaps all of what it is the beginning of says why.
    return (place.scheme, place.bucket) if place.bucket else None


def _within(text: str, scheme: str, bucket: str, key: str) -> Location:
    """A location by what stands behind its bucket."""
    if named := _as_object(key):
        if not named["key"]:
            raise LocationError(f"{text!r} names no key", _FORM)
        return Location(scheme, bucket, key=check_key(named["key"]), version_id=_version(named["id"]))
    if key.endswith("*"):
        return Location(scheme, bucket, check_key(key[:-1]))
    if not key or key.endswith("/"):
        return Location(scheme, bucket, check_key(key))
    return Location(scheme, bucket, key=check_key(key))


def _as_object(key: str) -> re.Match[str] | None:
    """Key and version of a location that names both; nearly none does, and those wait for no pattern."""
    return re.fullmatch(_OBJECT, key) if _VERSION in key else None


def _check_account(text: str, scheme: str) -> None:
    base, plus, profile = scheme.partition("+")
    if plus:
        raise LocationError(
            f"{text!r} names a profile where no other can be taken than those of the command's locations",
            f"name it in one of them: {base}+{profile or 'PROFILE'}://BUCKET, or say --profile",
        )


def _version(text: str) -> str | None:
    try:
        return unquote(text, errors="strict") or None
    except UnicodeDecodeError:
        raise LocationError(f"{text!r} is not a version id", _FORM) from None


@lru_cache(4096)
def check_bucket(name: str) -> str:
    """``name`` itself; ``LocationError`` for what can be no bucket's name."""
    if not name or parse_location(f"{DEFAULT_SCHEME}://{name}").bucket != name:
        raise LocationError(f"{name!r} cannot be a bucket's name")
    return name


def check_key(key: str) -> str:
    """``key`` itself if a cloud could hold it; ``LocationError`` when it is too long or not valid Unicode."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise LocationError(f"{key!r} is not valid Unicode, so it cannot be a key") from None
    if size > MAX_KEY_BYTES:
        raise LocationError(f"a key of {size} bytes is longer than the cloud's {MAX_KEY_BYTES}")
    return key
