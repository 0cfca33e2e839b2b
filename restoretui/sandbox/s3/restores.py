"""RestoreObject: what its body may hold (FACTS 1.1); the rest is the state core's to judge."""

from restoretui.core.model import Tier
from restoretui.sandbox.state.bucket import Bucket
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import malformed_xml
from restoretui.sandbox.wire.call_reply import Call, Reply, parse_xml

_TIERS = {tier.wire: tier for tier in Tier}


def restore_object(cloud: Cloud, bucket: Bucket, call: Call) -> Reply:
    """``POST ?restore[&versionId=]``: 202 started or sped up, 200 period changed."""
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
        for_good=days is None and "days-optional" in call.quirks,
        shortens="no-shortening" not in call.quirks,
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
