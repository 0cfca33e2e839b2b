"""Verifies the checksum of a file against what the store keeps. Blocks: for a thread."""

import os

from restoretui.core.then.proofs import Proof, new_sum

_PIECE = 1 << 20


def is_proven(descriptor: int, size: int, proof: Proof, part_bytes: int = 0) -> bool | None:
    """Whether the file is what the store has; None where its parts' sizes do not tell how it was added up.

    ``part_bytes``: of each part but the last, where the sum is one of parts.
    """
    if not proof.parts:
        return _sum(descriptor, 0, size, proof.algorithm) == proof.expected
    if part_bytes <= 0 or -(-size // part_bytes) != proof.parts:
        return None
    whole = proof.new()
    for start in range(0, size, part_bytes):
        whole.update(_sum(descriptor, start, min(start + part_bytes, size), proof.algorithm))
    return whole.digest() == proof.expected


def _sum(descriptor: int, start: int, end: int, algorithm: str) -> bytes:
    made = new_sum(algorithm)
    if made is None:
        raise ValueError(f"{algorithm} cannot be added up here")
    while start < end:
        piece = os.pread(descriptor, min(_PIECE, end - start), start)
        if not piece:
            return b""
        made.update(piece)
        start += len(piece)
    return made.digest()
