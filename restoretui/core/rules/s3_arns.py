"""ARNs where a location is wanted, and what to write instead (FACTS 1.8)."""

import re

_ARN = r"(?s)(?:[a-z0-9]+://)?arn:[a-z-]+:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>[0-9]*):(?P<what>.*)"
_MULTI_REGION = r"(?s)s3://(?P<name>[a-z0-9]+\.mrap)(?:/.*)?"


def arn_as_location(text: str) -> tuple[str, str] | None:
    """What is wrong with an ARN as a location, and what to write instead; None for what is no ARN."""
    if "arn:" not in text and ".mrap" not in text:
        return None  # Nearly all are neither: those wait for no pattern to be compiled.
    if found := re.fullmatch(_MULTI_REGION, text):
        return _multi_region(found["name"])
    arn = re.fullmatch(_ARN, text)
    if arn is None:
        return None
    service, what = arn["service"], arn["what"]
    kind, _, rest = what.replace(":", "/").partition("/")
    name = rest.partition("/")[0]
    if service == "s3" and not arn["region"] and not arn["account"]:
        return "a location is no ARN", f"write s3://{what}"
    if service != "s3" or kind != "accesspoint" or not name:
        return f"no archive can be restored through {service} {kind}", "name a bucket: s3://BUCKET/"
    if name.endswith(".mrap") or not arn["region"]:
        return _multi_region(name)
    told_by = f"--account-id {arn['account']} --name {name} --region {arn['region']} --query Alias"
    hint = f"write s3://ALIAS/...; the alias ({name}-...-s3alias) : aws s3control get-access-point {told_by}"
    return f"the access point {name!r} is named by its alias here, not by its ARN", hint


def _multi_region(name: str) -> tuple[str, str]:
    return (
        f"{name!r} is a Multi-Region Access Point, whose requests are signed in a way (SigV4A) not supported here",
        "name one of its buckets: s3://BUCKET/",
    )
