"""As whom a location is reached: ``s3+PROFILE://…``, and names of the config's ``[places]``.

``NAME:`` is the place's location, ``NAME:reports/2024/`` what lies below it. What a place says of profile, Region,
endpoint or store counts for it alone, so that one command can be about several accounts of a cloud: each bucket is
then reached by its own. The first location's account is that of the command, for all that is about no bucket.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from restoretui.core.errors import LocationError, UsageError
from restoretui.core.location import Location, parse_location
from restoretui.core.rules.clouds import CLOUDS

Places = Mapping[str, Mapping[str, Any]]
"""Of the config, by name: ``location``, and what reaches it by the names a ``Connection`` has."""
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_NAMED = rf"(?s)({_NAME}):(?!//)(.*)"
LOCATION = "location"
PLACES = "[places]"
"""How the source of what a place says begins."""


class Account(Struct, frozen=True):
    """As whom: values of settings that differ from those of the command."""

    values: Mapping[str, Any]
    source: str = ""
    """Where they were said: ``[places] archive``, or the beginning of a location."""
    named: str = ""
    """The place's name, where it is one."""


class Accounts(Struct, frozen=True):
    """Those of one command."""

    first: Account
    """By scheme and all: what reaches the clouds where nothing else is said."""
    others: Mapping[str, Mapping[str, Account]] = field(default_factory=dict)
    """By scheme and bucket."""


def is_plain(text: str) -> bool:
    """It can name neither a profile nor a place; a set (``@NAME``) names none either."""
    scheme, found, _ = text.partition("://")
    return "+" not in scheme if found else re.fullmatch(_NAMED, text) is None


def is_named(text: str) -> bool:
    """It may begin with the name of a place: whether there is one, the config tells."""
    return re.fullmatch(_NAMED, text) is not None


def check_name(name: str, source: str) -> None:
    """``UsageError`` for a name that no location could begin with."""
    if not re.fullmatch(_NAME, name) or name in CLOUDS:
        raise UsageError(
            f"{source} [places]: {name!r} cannot name a place",
            "letters, digits, dots, dashes and underscores, and no scheme",
        )


def check_place(name: str, section: Mapping[str, Any], source: str) -> Location:
    """The location of a place as the config has it; ``UsageError`` where it is none that names could go on from."""
    where = f"{source} [places] {name}"
    text = section.get(LOCATION)
    if not isinstance(text, str):
        raise UsageError(f"{where}: it has no location", f'such as {name} = "s3+PROFILE://bucket/prefix/"')
    plain, profile = _apart(text)
    try:
        place = parse_location(plain)
    except LocationError as error:
        raise UsageError(f"{where}: {error}", error.hint) from None
    if place.key is not None or (place.prefix and not place.prefix.endswith("/")):
        raise UsageError(f"{where}: {text} is no bucket and no prefix that ends in a slash", "a place is one of both")
    known = CLOUDS[place.scheme].settings
    unknown = sorted(set(section) - set(known) - {LOCATION})
    if unknown:
        raise UsageError(
            f"{where}: {unknown[0]!r} is nothing that {place.scheme}:// has", f"known: {', '.join(known)}"
        )
    if profile and section.get("profile", profile) != profile:
        raise UsageError(f"{where}: its location names another profile than {section['profile']}", "leave out one")
    return place


def read(text: str, places: Places) -> tuple[str, Account]:
    """A location as it is without its account, and that; ``UsageError`` for a place or profile that is none."""
    named = re.fullmatch(_NAMED, text)
    if named is not None:
        name, rest = named.groups()
        if name not in places:
            if not places or any(kind.written_otherwise(text) for kind in CLOUDS.values()):
                return text, Account({})  # What is wrong with it, the reader of locations says best.
            raise UsageError(
                f"{text!r} is not a location: it has no scheme, and the config has no place {name!r}",
                f"places are {', '.join(sorted(places))}",
            )
        section = places[name]
        base, profile = _apart(section[LOCATION])
        scheme = base.partition("://")[0]
        said = {key: value for key, value in section.items() if key != LOCATION}
        said |= {"profile": profile} if profile else {}
        settings = CLOUDS[scheme].settings
        values = {settings[key]: value for key, value in said.items()}
        return _below(base, rest), Account(values, f"{PLACES} {name}", name)
    plain, profile = _apart(text)
    if not profile:
        return plain, Account({})
    scheme = plain.partition("://")[0]
    return plain, Account({CLOUDS[scheme].settings.get("profile", "profile"): profile}, "--profile")


def accounts_of(places: Places, scheme: str, bucket: str) -> list[Account]:
    """Those that places in that bucket are reached as, each once."""
    found: list[Account] = []
    for name in places:
        plain, account = read(f"{name}:", places)
        place = parse_location(plain)
        if (place.scheme, place.bucket) == (scheme, bucket) and all(one.values != account.values for one in found):
            found.append(account)
    return found


def told_apart(texts: Sequence[str], places: Places, given: Mapping[str, Any]) -> tuple[tuple[str, ...], Accounts]:
    """Locations without their accounts, and those; ``given`` are the command's own options.

    ``UsageError`` where a bucket is named with two accounts, or all buckets of one beside another's.
    """
    plain: list[str] = []
    by_scheme: dict[str, list[tuple[str, str, Account]]] = {}
    for text in texts:
        where, account = read(text, places)
        plain.append(where)
        scheme, found, rest = where.partition("://")
        if found and scheme in CLOUDS:
            by_scheme.setdefault(scheme, []).append((text, rest.partition("/")[0], account))
    first: dict[str, Any] = {}
    source = named = ""
    others: dict[str, dict[str, Account]] = {}
    for scheme, said in by_scheme.items():
        _check_given(said, given)
        base = said[0][2]
        first |= base.values
        source, named = source or base.source, named or base.named
        others[scheme] = _by_bucket(said, base)
    return tuple(plain), Accounts(Account(first, source, named), {of: some for of, some in others.items() if some})


def _by_bucket(said: Sequence[tuple[str, str, Account]], base: Account) -> dict[str, Account]:
    seen: dict[str, tuple[str, Account]] = {}
    is_one = all(account.values == base.values for _, _, account in said)
    for text, bucket, account in said:
        if not bucket and not is_one:
            raise UsageError(f"{text} asks for the buckets of one account, beside another's", "say it once for each")
        before, known = seen.setdefault(bucket, (text, account))
        if known.values != account.values:
            raise UsageError(f"{before} and {text} ask for one bucket as two accounts", "leave out one of them")
    return {bucket: account for bucket, (_, account) in seen.items() if account.values != base.values}


def _check_given(said: Iterable[tuple[str, str, Account]], given: Mapping[str, Any]) -> None:
    """What an option says counts for all that says nothing itself; beside what says otherwise it is a mistake."""
    for text, _, account in said:
        for setting, value in account.values.items():
            if (option := given.get(setting)) not in (None, "", False, value):
                what = setting.removeprefix("oss_").replace("_", " ")
                raise UsageError(
                    f"{text} names another {what} than --{setting.replace('_', '-')} {option}",
                    "leave out one of them",
                )


def _apart(text: str) -> tuple[str, str]:
    """A location without the profile in its scheme, and that; ``UsageError`` for one that has no name."""
    scheme, found, rest = text.partition("://")
    base, plus, profile = scheme.partition("+")
    if not found or not plus or base not in CLOUDS:
        return text, ""
    if not profile:
        raise UsageError(f"{text!r} names no profile", f"write {base}+PROFILE://BUCKET, or {base}://BUCKET")
    return f"{base}://{rest}", profile


def _below(base: str, rest: str) -> str:
    if not rest or base.endswith("/"):
        return base + rest
    return f"{base}/{rest}"
