"""What S3's own names say that are no locations: ARNs, and access points of many Regions (FACTS 1.8)."""

import re

_ARN = re.compile(
    r"(?:[a-z0-9]+://)?arn:(?P<partition>[a-z-]+):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):"
    r"(?P<account>[0-9]*):(?P<what>.*)",
    re.DOTALL,
)
_MULTI_REGION = ".mrap"
_OF_MANY_REGIONS = re.compile(r"s3://(?P<name>[^/]*\.mrap)(?:/.*)?", re.DOTALL)


def no_location(text: str) -> tuple[str, str] | None:
    """Why that is none, and what to write instead (nothing: as any location); None for all that may be one."""
    if named := _OF_MANY_REGIONS.fullmatch(text):
        return _of_many_regions(named["name"])
    arn = _ARN.fullmatch(text)
    return _not_by_arn(arn) if arn else None


def _of_many_regions(name: str) -> tuple[str, str]:
    why = "is a Multi-Region Access Point, whose requests are signed in a way (SigV4A) not supported here"
    return f"{name!r} {why}", "name one of its buckets: s3://BUCKET/"


def _not_by_arn(arn: re.Match[str]) -> tuple[str, str]:
    service, what = arn["service"], arn["what"]
    kind, _, rest = what.replace(":", "/").partition("/")
    if service == "s3" and not arn["region"] and not arn["account"]:
        return "a location is no ARN", f"write s3://{what}"
    name = rest.partition("/")[0]
    if service != "s3" or kind != "accesspoint" or not name:
        return f"no archive can be restored through {service} {kind}", ""
    if name.endswith(_MULTI_REGION) or not arn["region"]:
        return _of_many_regions(name)
    told_by = f"aws s3control get-access-point --account-id {arn['account']} --name {name} --region {arn['region']}"
    return (
        f"the access point {name!r} is named by its alias here, not by its ARN",
        f"write s3://ALIAS/...; the alias ({name}-...-s3alias) is told by: {told_by} --query Alias",
    )
