"""Restore requests said literally on the command line: read, held to what the documents refuse, told."""

import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from restoretui.commands.output import Output
from restoretui.core.blocking import beside, told_of_pipe
from restoretui.core.errors import UsageError
from restoretui.core.literal.literal import MOST_BYTES, UNJUDGED, Literal, read_request
from restoretui.session.output_files import own_descriptor
from restoretui.session.session import Session
from restoretui.wording import format as words

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan

OPTION, STDIN = "--restore-request", "-"


class LiteralSaid(NamedTuple):
    """As it was typed."""

    request: str | None = None
    """JSON, or a file of it, or ``-`` for stdin."""
    checksum: str | None = None
    md5: bool = False

    def __bool__(self) -> bool:
        return bool(self.request or self.checksum or self.md5)

    async def read(self, engine: str, *, then: bool, keys_from: str | None = None) -> Literal:
        """What it says; ``UsageError`` where that cannot be meant, or is refused by the cloud's documents.

        ``keys_from`` is where a list of keys is to come from, for which stdin can be read no more.
        """
        if not self:
            return Literal()
        if engine != "direct":
            raise UsageError(
                f"{OPTION}, --checksum-algorithm and --content-md5 are about requests of ours, and a job of S3 Batch"
                " Operations sends its own",
                "choose --engine direct",
            )
        request = ""
        if self.request is not None:
            is_text = self.request.lstrip().startswith("{")
            if keys_from and not is_text and _is_stdin(self.request) and _is_stdin(keys_from):
                raise UsageError(
                    f"--keys-from and {OPTION} both read stdin, which can be read but once",
                    f"name a file in one of them, or write the request behind {OPTION} itself",
                )
            text = self.request if is_text else await self._file(self.request)
            what = "on stdin" if self.request == STDIN else f"in {self.request}"
            request = read_request(text, OPTION if is_text else f"the restore request {what}")
        said = Literal(request, self.checksum or "", self.md5)
        if then and said.output:
            raise UsageError(
                "a restore with an OutputLocation makes no copy, so that there is nothing to do with one",
                "leave out --then",
            )
        return said

    @staticmethod
    async def _file(name: str) -> str:
        if name == STDIN and sys.stdin is None:
            raise UsageError("the restore request is to come from stdin, which is closed", f"give {OPTION} a file")
        source = 0 if name == STDIN else Path(name.removeprefix("file://"))

        def read() -> bytes:
            with (
                told_of_pipe(source, "the restore request"),
                open(source, "rb", closefd=source != 0) as file,
            ):
                return file.read(MOST_BYTES + 1)

        try:
            data = await beside(read, "restoretui-request")
        except OSError as error:
            why = error.strerror or error
            raise UsageError(
                f"{OPTION} {name!r} is neither JSON nor a file that can be read: {why}",
                """write '{"Days": 7, "GlacierJobParameters": {"Tier": "Bulk"}}', or name a file of such""",
            ) from None
        what = "stdin" if name == STDIN else name
        if len(data) > MOST_BYTES:
            raise UsageError(f"{what} is longer than {MOST_BYTES:,} bytes, as no restore request is")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError(f"{what} is not UTF-8", "write it in UTF-8") from None


def _is_stdin(name: str) -> bool:
    return name == STDIN or own_descriptor(Path(name.removeprefix("file://"))) == 0


async def check_literal(session: Session, schemes: Collection[str], said: Literal) -> None:
    """Before anything is listed: ``UsageError`` where a cloud does not take it, or its model says otherwise."""
    for scheme in schemes if said else ():
        await session.check_literal(scheme, said)


def tell_literal(output: Output, made: "RestorePlan") -> None:
    """What is sent, and that nobody here judged it."""
    said = Literal.of_text(made.literal)
    if not said.request:
        return
    asked = sum(line.group.objects for line in made.tiers[said.tier].lines if line.verdict.reason == UNJUDGED)
    output.say(f"{words.plural(asked, 'object')} {'is' if asked == 1 else 'are'} {UNJUDGED}; nor is its price known")
    if said.output:
        output.say(f"no copy is made: results are written below {said.output}")
    elif set(said.body) <= {"Days", "GlacierJobParameters"} and said.days:
        output.say(f"--days {said.days} --tier {said.tier} would say the same, and could be judged and priced")
