"""Reads OSS's inventory configurations into the words that S3's have (FACTS 8.2; the SDK's model of them)."""

from typing import Any
from xml.etree import ElementTree as ET

from restoretui.core.inventory.rules import InventoryRule, read_rules
from restoretui.providers.oss.pages import read_document


def read_inventory_rules(body: bytes) -> tuple[list[InventoryRule], str]:
    """One answer to ``ListBucketInventory``: rules, and where to go on; ``Unreadable`` when it is none."""
    root = read_document(body, "ListInventoryConfigurationsResult")
    more = (root.findtext("IsTruncated") or "").strip() == "true"
    told = [_rule(rule) for rule in root.findall("InventoryConfiguration")]
    return read_rules(told, "OSSBucketDestination"), (root.findtext("NextContinuationToken") or "") if more else ""


def _rule(rule: ET.Element) -> dict[str, Any]:
    place = {child.tag: child.text for child in rule.iterfind("Destination/OSSBucketDestination/*")}
    plain = {name: (rule.findtext(name) or "").strip() for name in ("Id", "IsEnabled", "IncludedObjectVersions")}
    listed = {child.tag: child.text for child in rule.iterfind("Filter/*")}
    return {**plain, "Destination": {"OSSBucketDestination": place}, "Filter": listed}
