"""RestoreObject: what its body may hold (FACTS 1.1); the rest is the state core's to judge."""

from typing import Any
from xml.etree.ElementTree import Element

from restoretui.core.model import Tier
from restoretui.sandbox.state.bucket import BucketState
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import malformed_xml
from restoretui.sandbox.state.restore import Manner
from restoretui.sandbox.wire.call_reply import Call, Reply, parse_xml

_TIERS = {tier.wire: tier for tier in Tier}


def restore_object(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """``POST ?restore[&versionId=]``: 202 started or sped up, 200 period changed."""
    if "select" in call.quirks and b"<OutputLocation" in call.body:
        return _select(cloud, bucket, call)
    days, tier = parse_request(call.body)
    if "no-tiers" in call.quirks and b"<Tier>" in call.body:
        raise malformed_xml()
    if days is not None and "most-days-30" in call.quirks:
        days = min(days, 30)
    status = cloud.restore(
        bucket.name,
        call.key,
        call.query.get("versionId"),
        days=days,
        tier=tier,
        manner=Manner(
            for_good=days is None and "days-optional" in call.quirks, shortens="no-shortening" not in call.quirks
        ),
    )
    return Reply(200 if "first-200" in call.quirks else status)


def parse_request(body: bytes) -> tuple[int | None, Tier]:
    """Days and tier. Everything that belongs to SELECT restores is refused, as it is for archive restores."""
    tree = parse_xml(body, "RestoreRequest")
    days: int | None = None
    tier = Tier.STANDARD
    for element in tree:
        if element.tag == "Days":
            days = _integer(element.text)
        elif element.tag == "GlacierJobParameters":
            if [child.tag for child in element] != ["Tier"]:
                raise malformed_xml()
            tier = _tier(element[0].text)
        else:
            # Type, Tier, Description, SelectParameters, OutputLocation, and what no schema knows.
            raise malformed_xml()
    return days, tier


_NEEDED = {
    "Type": None,
    "SelectParameters": {"InputSerialization", "ExpressionType", "Expression", "OutputSerialization"},
    "OutputLocation": {"S3"},
}


def _select(cloud: Cloud, bucket: BucketState, call: Call) -> Reply:
    """A query of an archived object, whose results are written elsewhere; it stays as it is (API RestoreRequest).

    New customers' requests are malformed to the service, as ``parse_request`` has it; others may send them still.
    """
    tree = parse_xml(call.body, "RestoreRequest")
    members = {element.tag: element for element in tree}
    for name, needed in _NEEDED.items():
        if name not in members or (needed and needed - {child.tag for child in members[name]}):
            raise malformed_xml()
    if {"Days", "GlacierJobParameters"} & set(members) or members["Type"].text != "SELECT":
        raise malformed_xml()
    place = members["OutputLocation"].find("S3")
    target = None if place is None else place.findtext("BucketName")
    if place is None or not target or place.findtext("Prefix") is None:
        raise malformed_xml()
    tier = _tier(members["Tier"].text) if "Tier" in members else Tier.STANDARD
    path = cloud.select(
        bucket.name, call.key, call.query.get("versionId"), tier, (target, place.findtext("Prefix") or ""),
        {name: _members_of(element) for name, element in members.items()},
    )  # fmt: skip
    return Reply(202, headers={"x-amz-restore-output-path": path})


def _members_of(element: Element) -> Any:
    """Nested as it came; text where nothing is in it."""
    return {child.tag: _members_of(child) for child in element} if len(element) else element.text or ""


def _integer(text: str | None) -> int:
    try:
        return int(text or "")
    except ValueError:
        raise malformed_xml() from None


def _tier(text: str | None) -> Tier:
    try:
        return _TIERS[text or ""]
    except KeyError:
        raise malformed_xml() from None
