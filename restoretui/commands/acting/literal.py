"""Restore requests said literally on the command line: read, held to what the documents refuse, told."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from restoretui.commands.output import Output
from restoretui.core.blocking import beside, told_of_pipe
from restoretui.core.errors import UsageError
from restoretui.core.literal.literal import MOST_BYTES, UNJUDGED, Literal, read_request
from restoretui.session.session import Session
from restoretui.wording import format as words

if TYPE_CHECKING:
    from restoretui.core.plan.plan import RestorePlan

OPTION = "--restore-request"


class LiteralSaid(NamedTuple):
    """As it was typed."""

    request: str | None = None
    """JSON, or a file of it."""
    checksum: str | None = None
    md5: bool = False

    def __bool__(self) -> bool:
        return bool(self.request or self.checksum or self.md5)

    async def read(self, engine: str, *, then: bool) -> Literal:
        """What it says; ``UsageError`` where that cannot be meant, or is refused by the cloud's documents."""
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
            text = self.request if self.request.lstrip().startswith("{") else await self._file(self.request)
            request = read_request(text, OPTION if text is self.request else f"the restore request in {self.request}")
        said = Literal(request, self.checksum or "", self.md5)
        if then and said.output:
            raise UsageError(
                "a restore with an OutputLocation makes no copy, so that there is nothing to do with one",
                "leave out --then",
            )
        return said

    @staticmethod
    async def _file(name: str) -> str:
        path = Path(name.removeprefix("file://"))

        def read() -> bytes:
            with told_of_pipe(path, "the restore request"), path.open("rb") as file:
                return file.read(MOST_BYTES + 1)

        try:
            data = await beside(read, "restoretui-request")
        except OSError as error:
            why = error.strerror or error
            raise UsageError(
                f"{OPTION} {name!r} is neither JSON nor a file that can be read: {why}",
                """write '{"Days": 7, "GlacierJobParameters": {"Tier": "Bulk"}}', or name a file of such""",
            ) from None
        if len(data) > MOST_BYTES:
            raise UsageError(f"{name} is longer than {MOST_BYTES:,} bytes, as no restore request is")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError(f"{name} is not UTF-8", "write it in UTF-8") from None


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
