"""How our own commands reach a cloud, as their options and as what stands before a location."""

from collections.abc import Sequence

from restoretui.config.places import LOCATION
from restoretui.config.settings import Settings
from restoretui.core.model import DEFAULT_SCHEME
from restoretui.core.rules.clouds import CLOUDS
from restoretui.core.rules.commands import ShellCommand
from restoretui.core.saying.own_commands import Reach


class _ReachByAccount(Reach, frozen=True, kw_only=True):
    """Where buckets are reached as several: then each location says as whom, and no option does."""

    settings: Settings
    scheme: str

    def command(self, words: Sequence[str]) -> ShellCommand:
        """The command, with the accounts of those locations that need to be told apart."""
        beginning = f"{self.scheme}://"
        end = next((at for at, word in enumerate(words) if word.startswith("-")), len(words))
        own = self.settings.accounts[self.scheme]
        named = [word for word in words[:end] if word.startswith(beginning)]
        if not any(_bucket(word) in own for word in named):
            return Reach(self.environment, self.flags).command(words)
        said = [self._said(word) if word in named else word for word in words[:end]]
        flags = list(self.flags)
        for at, flag in enumerate(self.flags):
            if flag == "--profile":
                del flags[at : at + 2]
        flags = [flag for flag in flags if not flag.startswith("--profile=")]
        return Reach(self.environment, tuple(flags)).command([*said, *words[end:]])

    def _said(self, text: str) -> str:
        connection = self.settings.connection_to(self.scheme).of(_bucket(text))
        account = self.settings.accounts[self.scheme].get(_bucket(text), (None, None))[1]
        if account is not None and account.named:
            base = str(self.settings.places[account.named][LOCATION]).partition("://")[2].rstrip("/")
            rest = text.partition("://")[2]
            if rest == base or rest.startswith(f"{base}/"):
                return f"{account.named}:{rest[len(base) :].removeprefix('/')}"
        profile = f"+{connection.profile}" if connection.profile else ""
        return f"{self.scheme}{profile}://{text.partition('://')[2]}"


def _bucket(text: str) -> str:
    return text.partition("://")[2].partition("/")[0]


def reach_of(settings: Settings, scheme: str) -> Reach:
    """Options for the cloud whose settings are those of the command line; for another its variables."""
    kind = CLOUDS[scheme]
    environment: list[str] = []
    flags: list[str] = []
    if scheme in settings.agreed_to_pay or settings.requester_pays:
        flags.append("--requester-pays")
    for field, setting in kind.settings.items():
        value = getattr(settings, setting)
        if value in (None, False, "") and field != "path_style":
            continue
        if field == "requester_pays" or (field == "path_style" and value is None):
            continue
        if setting in CLOUDS[DEFAULT_SCHEME].settings.values():
            flags += _flag(field, value)
        elif setting in kind.environment:
            environment.append(f"{kind.environment[setting][0]}={value if isinstance(value, str) else 'true'}")
    if settings.accounts.get(scheme):
        return _ReachByAccount(tuple(environment), tuple(flags), settings=settings, scheme=scheme)
    return Reach(tuple(environment), tuple(flags))


def _flag(field: str, value: object) -> list[str]:
    if field == "path_style":
        return ["--path-style" if value else "--virtual-host-style"]
    name, text = f"--{field.replace('_', '-')}", str(value)
    return [f"{name}={text}"] if text.startswith("-") else [name, text]
