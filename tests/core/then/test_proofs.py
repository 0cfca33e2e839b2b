"""What a file can be proven by, and why not where it cannot."""

import base64
import hashlib
import os
import zlib
from pathlib import Path

import pytest

from restoretui.core.then.parts import LARGEST_COPY, MOST_PARTS, copy_requests, extents, part_size
from restoretui.core.then.proofs import proof_of
from restoretui.engine.then.proving import is_proven

CONTENT = bytes(range(256)) * 1000
MD5 = hashlib.md5(CONTENT).hexdigest()
PART = 100_000


def encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def parts_md5() -> str:
    sums = b"".join(hashlib.md5(CONTENT[at : at + PART]).digest() for at in range(0, len(CONTENT), PART))
    return f"{hashlib.md5(sums).hexdigest()}-3"


CRC = encoded(zlib.crc32(CONTENT).to_bytes(4, "big"))
CRC_OF_PARTS = zlib.crc32(
    b"".join(zlib.crc32(CONTENT[at : at + PART]).to_bytes(4, "big") for at in range(0, len(CONTENT), PART))
)


@pytest.mark.parametrize(
    ("headers", "etag", "name"),
    [
        ({}, MD5, "MD5"),
        ({}, parts_md5(), "MD5 of 3 parts"),
        ({"x-amz-checksum-sha256": encoded(hashlib.sha256(CONTENT).digest())}, "x", "SHA256"),
        ({"x-amz-checksum-crc32": CRC, "x-amz-checksum-type": "FULL_OBJECT"}, "x-2", "CRC32"),
        ({"x-amz-checksum-crc32": f"{encoded(CRC_OF_PARTS.to_bytes(4, 'big'))}-3"}, "x-3", "CRC32 of 3 parts"),
    ],
)
def test_a_file_is_proven_by_what_the_store_keeps(
    tmp_path: Path, headers: dict[str, str], etag: str, name: str
) -> None:
    proof, why = proof_of(headers, etag)
    assert proof is not None
    assert (proof.name, why) == (name, "")
    (tmp_path / "file").write_bytes(CONTENT)
    (tmp_path / "other").write_bytes(CONTENT[:-1] + b"x")
    for file, expected in (("file", True), ("other", False)):
        descriptor = os.open(tmp_path / file, os.O_RDONLY)
        try:
            assert is_proven(descriptor, len(CONTENT), proof, PART) is expected
            if proof.parts:
                assert is_proven(descriptor, len(CONTENT), proof, PART // 2) is None
        finally:
            os.close(descriptor)


@pytest.mark.parametrize(
    ("headers", "etag", "why"),
    [
        ({"x-amz-server-side-encryption": "aws:kms"}, MD5, "a key encrypts it"),
        ({}, "not-a-sum", "the store keeps no checksum of it"),
        ({"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="}, "not-a-sum", "awscrt"),
    ],
)
def test_what_cannot_be_proven_says_why(headers: dict[str, str], etag: str, why: str) -> None:
    proof, said = proof_of(headers, etag)
    assert proof is None
    assert why in said


@pytest.mark.parametrize("size", [LARGEST_COPY + 1, 6 * 2**30 + 7, 5 * 2**40, 50 * 10**12])
def test_parts_are_as_the_cloud_takes_them(size: int) -> None:
    step = part_size(size)
    found = extents(size, step)
    assert len(found) <= MOST_PARTS
    assert all(5 * 2**20 <= end - start <= 5 * 2**30 for start, end in found[:-1])
    assert [start for start, _ in found[1:]] == [end for _, end in found[:-1]]
    assert (found[0][0], found[-1][1]) == (0, size)
    assert copy_requests(1, size) >= len(found) + 2
    assert copy_requests(7, 1000) == 7
