"""Holds a restore request that was said literally to the SDK's own model of the service (API RestoreRequest)."""

from collections.abc import Iterator, Mapping
from typing import Any

from restoretui.core.errors import UsageError
from restoretui.core.literal.literal import Literal
from restoretui.providers.s3.client.signing import MD5
from restoretui.providers.wire.refusals import printable

MEMBER = "RestoreRequest"


def check_request(shape: Any, body: Mapping[str, Any]) -> None:
    """``UsageError`` for what the model of ``RestoreRequest`` does not know, or wants otherwise."""
    from botocore.validate import ParamValidator  # the shape is the SDK's, which is loaded by now

    report = ParamValidator().validate(body, shape)
    wrong = report.generate_report() if report.has_errors() else ""
    if not wrong:
        wrong = next(_not_among(shape, body, MEMBER), "")
    if wrong:
        raise UsageError(
            f"the restore request is not as S3 takes it: {printable(wrong.splitlines()[0])}",
            "`aws s3api restore-object help` has its members",
        )


def as_said(text: str, usual: Mapping[str, Any]) -> dict[str, Any]:
    """RestoreObject's parameters, but the object, for a literal; ``usual`` is the body where it says none."""
    said = Literal.of_text(text)
    asked: dict[str, Any] = {"RestoreRequest": dict(said.body) if said.request else dict(usual)}
    if said.checksum:
        asked["ChecksumAlgorithm"] = said.checksum
    if said.md5:
        asked[MD5] = True
    return asked


def _not_among(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Values that are none of those that the model names, which the SDK lets through."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in value:
                yield from _not_among(member, value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for at, one in enumerate(value):
            yield from _not_among(shape.member, one, f"{path}[{at}]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}, and may be {', '.join(shape.enum)}"
