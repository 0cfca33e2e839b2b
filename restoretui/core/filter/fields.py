"""What a filter may ask of: the fields, in the order in which help and completion name them."""

from typing import NamedTuple

from restoretui.core.model import State, Tier


class Field(NamedTuple):
    """One field, for the parser, the help and completion."""

    name: str
    kind: str
    """``word`` (one of ``words``, or a number), ``text``, ``size``, ``span``, ``date`` or ``date or span``."""
    example: str
    meaning: str
    words: tuple[str, ...] = ()


IS = ("overdue",)

FIELDS = {
    field.name: field
    for field in (
        Field("state", "word", "state:archived,restoring", "where it stands", tuple(state.value for state in State)),
        Field("class", "text", "class:deep", "the storage class, or a part of its name"),
        Field("size", "size", "size>1.5G", "bytes, or K M G T in 1024s"),
        Field("age", "span", "age>2y", "since it was modified, or in a run: changed"),
        Field("modified", "date", "modified<2023-02", "when it was, or in a run: changed"),
        Field("expires", "date or span", "expires<48h", "when a copy ends: a date, or so long from now"),
        Field("tier", "word", "tier:bulk", "of our restore", tuple(tier.value for tier in Tier)),
        Field("run", "word", "run:12", "the run that restores it"),
        Field("changed", "span", "changed<7d", "how long ago a run of ours changed its state"),
        Field("failed", "text", "failed:denied", "failed, with that in its code or reason"),
        Field("is", "word", "is:overdue", "asked for longer ago than its tier takes", IS),
        Field("version", "text", "version:3sL4", "the version id, or a part of it"),
        Field("key", "text", "key=logs/a.gz", "exactly that key"),
    )
}
WORDS_ONLY = frozenset({"key"})
"""What a list of names, the buckets, can be asked for."""
EVERY = frozenset(FIELDS)
