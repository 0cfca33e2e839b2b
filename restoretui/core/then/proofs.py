"""Checksums by which a downloaded file is verified: those a store keeps, and what its ETag may stand for."""

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from msgspec import Struct

_MD5 = re.compile(r"[0-9a-f]{32}")
_OF_PARTS = re.compile(r"([0-9a-f]{32})-([1-9][0-9]{0,4})")
_CHECKSUM = "x-amz-checksum-"
_ORDER = ("sha256", "sha1", "crc64nvme", "crc32c", "crc32")
"""The surest first."""
_OSS_KEY = "x-oss-server-side-encryption"
_KMS = ("aws:kms", "aws:kms:dsse")


class Sum(Protocol):
    """A checksum under way."""

    def update(self, data: bytes, /) -> None:
        """Some more."""
        ...

    def digest(self) -> bytes:
        """Of all so far."""
        ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class _FromCrt:
    """CRC32C and CRC64NVME need a library: in plain Python they take longer than the download."""

    def __init__(self, update: Callable[[bytes, int], int], width: int) -> None:
        self._update = update
        self._width = width
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = self._update(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width, "big")


class Proof(Struct, frozen=True):
    """What to add up, and what must come out."""

    algorithm: str
    expected: bytes
    parts: int = 0
    """Of so many parts each is added up, and then their sums; 0: the whole."""

    def new(self) -> Sum:
        """An empty sum."""
        made = new_sum(self.algorithm)
        if made is None:
            raise ValueError(f"{self.algorithm} cannot be added up here")
        return made

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.algorithm.upper()} of {self.parts} parts" if self.parts else self.algorithm.upper()


def new_sum(algorithm: str) -> Sum | None:
    """An empty sum; None where it would need a library that is not installed."""
    match algorithm:
        case "sha256":
            return hashlib.sha256()
        case "sha1":
            return hashlib.sha1(usedforsecurity=False)
        case "md5":
            return hashlib.md5(usedforsecurity=False)
        case "crc32":
            return _Crc32()
        case "crc64ecma":
            return _of_oss()
        case "crc32c" | "crc64nvme":
            crt = _crt()
            return None if crt is None else _FromCrt(getattr(crt, algorithm), 4 if algorithm == "crc32c" else 8)
    return None


def _of_oss() -> Sum | None:
    """The CRC-64 of OSS, by what its SDK brings along."""
    try:
        made = import_module("crcmod").Crc(0x142F0E1EBA9EA3693, initCrc=0, xorOut=(1 << 64) - 1, rev=True)
    except ImportError:
        return None
    return cast("Sum", made)


def _crt() -> Any:
    try:
        return import_module("awscrt.checksums")
    except ImportError:
        return None


def proof_of(headers: Mapping[str, str], etag: str) -> tuple[Proof | None, str]:
    """How a file can be proven, from the headers of a HEAD; else why it cannot, as the end of a sentence."""
    lacking = ""
    for algorithm in _ORDER:
        value = headers.get(f"{_CHECKSUM}{algorithm}", "")
        if not value:
            continue
        text, dash, number = value.partition("-")
        composite = bool(dash) or headers.get("x-amz-checksum-type", "").upper() == "COMPOSITE"
        try:
            expected = base64.b64decode(text, validate=True)
        except ValueError:
            continue
        if new_sum(algorithm) is None:
            lacking = f"its {algorithm.upper()} needs the package awscrt"
            continue
        if not composite:
            return Proof(algorithm, expected), ""
        if number.isdecimal() and int(number) > 0:
            return Proof(algorithm, expected, int(number)), ""
    if told := headers.get("x-oss-hash-crc64ecma", ""):
        if told.isdecimal() and int(told) < 1 << 64 and new_sum("crc64ecma") is not None:
            return Proof("crc64ecma", int(told).to_bytes(8, "big")), ""
        lacking = "its CRC64ECMA needs the package crcmod-plus"
    if headers.get("x-oss-object-type", "Normal") != "Normal" or headers.get(_OSS_KEY, "").upper() == "KMS":
        return None, lacking or "the store keeps no checksum of it"  # Of such objects the ETag is none.
    etag = etag.lower()
    encrypted = headers.get("x-amz-server-side-encryption", "")
    if encrypted in _KMS or "x-amz-server-side-encryption-customer-algorithm" in headers:
        return None, lacking or "the store keeps no checksum of it, and its ETag is none where a key encrypts it"
    if _MD5.fullmatch(etag):
        return Proof("md5", bytes.fromhex(etag)), ""
    if found := _OF_PARTS.fullmatch(etag):
        return Proof("md5", bytes.fromhex(found[1]), int(found[2])), ""
    return None, lacking or "the store keeps no checksum of it"
