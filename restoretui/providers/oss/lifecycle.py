"""Reads OSS's lifecycle configuration into the words that S3's has (FACTS 4.1)."""

from typing import Any
from xml.etree import ElementTree as ET

from restoretui.providers.oss.pages import read_document
from restoretui.providers.wire.restore_header import parse_instant

_SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")


def read_lifecycle(body: bytes) -> list[dict[str, Any]]:
    """The rules of ``GetBucketLifecycle``; ``Unreadable`` when it is none.

    ``CreatedBeforeDate`` is told as ``Date``: what was written before it is deleted.
    """
    return [_rule(rule) for rule in read_document(body, "LifecycleConfiguration").findall("Rule")]


def _rule(rule: ET.Element) -> dict[str, Any]:
    given = rule.find("Filter")
    spared = [] if given is None else given.findall("Not")
    days = _whole(rule.findtext("Expiration/Days"))
    before = parse_instant(rule.findtext("Expiration/CreatedBeforeDate"))
    return {
        "ID": rule.findtext("ID") or "",
        "Status": (rule.findtext("Status") or "").strip(),
        "Prefix": rule.findtext("Prefix") or "",
        "Expiration": {"Days": days, "CreatedBefore": before},
        "Transitions": [
            {"Days": _whole(one.findtext("Days")), "StorageClass": one.findtext("StorageClass") or ""}
            for one in rule.findall("Transition")
        ],
        "Tags": [tag.findtext("Key") or "" for tag in rule.findall("Tag")],
        "Filter": {
            name: size for name in _SIZES if (size := _whole(rule.findtext(f"Filter/{name}"))) is not None
        } | {"Not": [(one.findtext("Prefix") or "", one.find("Tag") is not None) for one in spared]},
    }  # fmt: skip


def _whole(text: str | None) -> int | None:
    told = (text or "").strip()
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None
