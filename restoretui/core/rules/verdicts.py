"""The verdict that a cloud's rules give for one object: what a request would do to it, why, and how long it takes.

Sources: FACTS 1.2 (refusals), 1.3 (state), 1.5 (upgrade, extend, expire); for OSS, FACTS 4.1 and 4.2.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from msgspec import Struct
from msgspec.structs import replace

from restoretui.core.model import END_UNTOLD, UNTOLD_CLASS, IntentStage, ObjectFacts, RestoreRequest, State
from restoretui.core.rules.rules import CLOSE, ArchiveRule, CloudRules, Quota, RestoreWindow, as_minute


class Purpose(StrEnum):
    """Why a request is made, which decides what is worth sending for an object that already restores."""

    RESTORE = "restore"
    EXTEND = "extend"
    UPGRADE = "upgrade"


class Action(StrEnum):
    """What a restore request would do to an object, known before it is sent."""

    START = "start"
    UPGRADE = "upgrade"
    EXTEND = "extend"
    LATER = "extend on arrival"
    """It restores with fewer days, or with days nobody tells: it is extended when the copy is there (FACTS 1.5)."""
    SHORTEN = "shorten"
    """The copy ends sooner, as somebody asked for in so many words."""
    ALREADY = "already restoring"
    WAITS = "waits elsewhere"
    """Another run plans it and has not sent it: it is left to that one, and no restore yet."""
    NOTHING = "nothing to do"
    REFUSED = "refused"
    LOOK = "look first"

    @property
    def sends(self) -> bool:
        """A request goes out for it."""
        return self in (Action.START, Action.UPGRADE, Action.EXTEND, Action.LATER, Action.SHORTEN)

    @property
    def sends_now(self) -> bool:
        """Its request goes out as soon as it is agreed to."""
        return self.sends and self is not Action.LATER

    @property
    def retrieves(self) -> bool:
        """Retrieval is charged for it; an extension costs its request only (FACTS 1.5)."""
        return self in (Action.START, Action.UPGRADE)


class Verdict(Struct, frozen=True):
    """The action, the rule behind it in one sentence, and how long it takes."""

    action: Action
    reason: str
    archive: str | None = None
    window: RestoreWindow | None = None
    endless: bool = False
    """What is sent brings it back for good: its days are not sent and nothing expires (FACTS 1.5)."""
    tierless: bool = False
    """What is sent names no tier: the class has one speed (FACTS 4.1)."""
    quota: Quota | None = None
    """What the cloud restores of this archive in a time, where it says so."""
    steady: str = ""
    """The reason without an end that moves on with the clock; empty where no such end is in it."""
    days: int | None = None
    """The days to send where they are not those that were asked for: a speed-up repeats its restore's own, and days
    that are added to an end are those that it lacks."""


_NO_TIER = "only a HEAD tells whether an Intelligent-Tiering object is archived"
_NO_CLASS = "its listing does not say its storage class; only a HEAD tells whether it is archived"
UNSEEN = "asked for unseen: it may not be looked at"
"""Why a request goes out for an object of which nothing is known."""


def judge(
    rules: CloudRules,
    facts: ObjectFacts,
    request: RestoreRequest,
    now: datetime,
    purpose: Purpose = Purpose.RESTORE,
    *,
    asks_unseen: bool = False,
    shorten: bool = False,
    until: datetime | None = None,
) -> Verdict:
    """What ``request`` would do to an object with these ``facts``.

    ``asks_unseen``: what no look can judge is asked for all the same; the cloud refuses what makes no sense.
    ``shorten``: a copy that lasts longer than was asked for shall end sooner; without, none is ever shortened.
    ``until``: the instant for which the days of the request were counted from now; where days are added to the end
    that a copy has, only those are asked for that are lacking.
    """
    intent = facts.intent
    if intent is not None and intent.stage is not IntentStage.FREE:
        rule = rules.archive_of(facts)
        return Verdict(Action.WAITS, _LEFT_TO[intent.stage].format(intent.run_id), rule.archive if rule else None)
    verdict = _judge_by_itself(
        rules, facts, request, now, purpose, asks_unseen=asks_unseen, shorten=shorten, until=until
    )
    if facts.untold and not asks_unseen and verdict.action in _SHORTENS:
        return Verdict(Action.LOOK, _UNTOLD, verdict.archive)
    if intent is None:
        return verdict
    more = (_TAKEN_OVER if verdict.action.sends_now else _UNSENT).format(intent.run_id)
    steady = verdict.steady and f"{verdict.steady}; {more}"
    return replace(verdict, reason=f"{verdict.reason}; {more}", steady=steady)


_SHORTENS = frozenset({Action.START, Action.EXTEND, Action.SHORTEN})
"""What ends a copy sooner if there is one that lasts longer (FACTS 1.5)."""
_UNTOLD = "only a HEAD tells whether a copy is there already, which a request could shorten"
_UNSENT = "waits in run {0}, not sent yet: `restoretui watch {0}` sends it"
_TAKEN_OVER = "waits in run {0}, not sent yet: taken over from there"
_LEFT_TO = {
    IntentStage.PURSUED: "waits in run {0}, not sent yet: whoever pursues that run sends it (`restoretui watch {0}`)",
    IntentStage.IN_JOB: "waits in a job of run {0}, not asked for yet: `restoretui watch {0}` pursues it",
    IntentStage.IN_DOUBT: "run {0} may have asked for it, unanswered so far: `restoretui watch {0}` finds out",
}
"""Why an object is left to the run that plans it."""


def _judge_by_itself(
    rules: CloudRules,
    facts: ObjectFacts,
    request: RestoreRequest,
    now: datetime,
    purpose: Purpose,
    *,
    asks_unseen: bool,
    shorten: bool,
    until: datetime | None,
) -> Verdict:
    """The verdict on an object that no run plans."""
    rule = rules.archive_of(facts)
    state = rules.state_of(facts, now)
    if asks_unseen and purpose is Purpose.RESTORE and (facts.is_unseen or state is State.UNKNOWN):
        # Days are not sent for the tiered class, which refuses them (FACTS 1.1).
        return Verdict(Action.START, UNSEEN, endless=facts.storage_class == rules.tiered_class)
    if facts.is_unseen:
        return Verdict(Action.LOOK, "it may not be looked at, so whether it is archived is not known")
    if state is State.UNKNOWN:
        return Verdict(Action.LOOK, _NO_CLASS if facts.storage_class == UNTOLD_CLASS else _NO_TIER)
    if rule is None or state is State.ONLINE:
        return _judge_unruled(rules, facts, state, purpose)
    if state is State.RESTORING:
        return _judge_restoring(rules, rule, facts, request, purpose)
    if state is State.AVAILABLE:
        lacking = until if purpose is Purpose.RESTORE and rules.extension_adds and not shorten else None
        if lacking is not None and facts.expiry not in (None, END_UNTOLD):
            return _judge_lacking(rules, rule, facts, request, now, lacking)
        return _judge_available(rules, rule, facts, request, now, purpose, shorten=shorten, until=until)
    if purpose is Purpose.EXTEND:
        return Verdict(Action.NOTHING, "there is no restored copy to extend", rule.archive)
    if purpose is Purpose.UPGRADE:
        return Verdict(Action.NOTHING, "there is no restore in progress to speed up", rule.archive)
    but = "" if rule.takes_days else "; it comes back for good, days do not apply"
    but += "" if rule.takes_tier else "; it has one speed, tiers do not apply"
    return _refusal(rule, request) or _retrieval(Action.START, f"archived in {rule.archive}{but}", rule, request)


def _retrieval(action: Action, reason: str, rule: ArchiveRule, request: RestoreRequest) -> Verdict:
    window = rule.window(request.tier)
    return Verdict(action, reason, rule.archive, window, not rule.takes_days, not rule.takes_tier, rule.quota)


def _refusal(rule: ArchiveRule, request: RestoreRequest) -> Verdict | None:
    """What the class does not take, and the cloud would refuse (FACTS 1.2)."""
    if request.tier not in rule.windows:
        return Verdict(Action.REFUSED, f"{rule.archive} does not offer the {request.tier} tier", rule.archive)
    if rule.max_days is not None and request.days > rule.max_days:
        return Verdict(Action.REFUSED, f"{rule.archive} keeps a copy for at most {rule.max_days} days", rule.archive)
    return None


def _judge_unruled(rules: CloudRules, facts: ObjectFacts, state: State, purpose: Purpose) -> Verdict:
    """Objects of no archive we have rules for."""
    if state is State.RESTORING:
        if purpose is Purpose.UPGRADE and not facts.looked:
            return Verdict(Action.LOOK, "only a HEAD tells which archive tier it is restoring from")
        return Verdict(Action.ALREADY, "a restore is in progress")
    if state is State.ARCHIVED:
        return Verdict(Action.REFUSED, f"the archive tier {facts.archive_status} is not known here")
    if facts.storage_class == rules.tiered_class:
        return Verdict(Action.NOTHING, f"{facts.storage_class}, not in an archive tier: can be read as it is")
    if facts.storage_class in rules.online_classes:
        return Verdict(Action.NOTHING, f"{facts.storage_class} can be read as it is")
    if managed := rules.managed_classes.get(facts.storage_class):
        return Verdict(Action.NOTHING, f"{facts.storage_class} is {managed}")
    return Verdict(Action.NOTHING, f"{facts.storage_class} is not known here as an archive class")


def _judge_restoring(
    rules: CloudRules, rule: ArchiveRule, facts: ObjectFacts, request: RestoreRequest, purpose: Purpose
) -> Verdict:
    def stays(reason: str) -> Verdict:
        return Verdict(Action.ALREADY, reason, rule.archive)

    if purpose is Purpose.EXTEND and not rule.takes_days:
        return Verdict(Action.NOTHING, "it is restored for good: there is no end to extend", rule.archive)
    if purpose is Purpose.EXTEND and rules.extension_adds:
        return Verdict(Action.REFUSED, "its days cannot change while it is restoring", rule.archive)
    later = None if purpose is Purpose.UPGRADE else _judge_days_to_come(rule, facts, request)
    if purpose is Purpose.EXTEND:
        return later or stays(f"restoring for {_days(facts.days or 0)}, which is long enough")
    if not rule.takes_tier:
        return later or stays(f"restoring; {rule.archive} has one speed")
    if refusal := _refusal(rule, request):
        return refusal
    if facts.tier is None or (rule.takes_days and facts.days is None):
        # Asked for elsewhere, and no HEAD told its tier or days: only an explicit wish to speed it up is worth a try.
        if purpose is not Purpose.UPGRADE:
            return later or stays("a restore asked for elsewhere is in progress")
        if not any(request.tier.faster_than(tier) for tier in rule.windows):
            return stays(f"restoring already, and no tier is slower than {request.tier}")
        return _retrieval(Action.UPGRADE, "restoring at a tier the cloud does not tell", rule, request)
    if not request.tier.faster_than(facts.tier):
        return later or stays(f"restoring at {facts.tier}; {request.tier} is not faster")
    reason = f"restoring at {facts.tier}; {request.tier} is faster"
    if rule.takes_days and facts.days != request.days:
        # Other days would be answered 409 (FACTS 1.5): they come, where they are more, once the copy is there.
        reason += f"; it keeps its {_days(facts.days or 0)}"
        reason += ", and extended on arrival" if later else ""
    return replace(_retrieval(Action.UPGRADE, reason, rule, request), days=facts.days if rule.takes_days else None)


def _judge_days_to_come(rule: ArchiveRule, facts: ObjectFacts, request: RestoreRequest) -> Verdict | None:
    """Whether a restore in progress will have to be extended; None where its days are enough, or there are none."""
    if not rule.takes_days or (facts.days is not None and facts.days >= request.days):
        return None
    if refusal := _refusal(rule, request):
        return refusal
    told = "for days the cloud does not tell" if facts.days is None else f"for {_days(facts.days)}"
    reason = f"restoring {told}: extended to {_days(request.days)} once the copy is there"
    return Verdict(Action.LATER, reason, rule.archive, tierless=not rule.takes_tier)


def _judge_available(
    rules: CloudRules,
    rule: ArchiveRule,
    facts: ObjectFacts,
    request: RestoreRequest,
    now: datetime,
    purpose: Purpose,
    *,
    shorten: bool,
    until: datetime | None,
) -> Verdict:
    if purpose is Purpose.UPGRADE:
        return Verdict(Action.NOTHING, "restored already: there is nothing to speed up", rule.archive)
    if facts.expiry is None:
        return Verdict(Action.NOTHING, "restored without an end", rule.archive)
    if facts.expiry == END_UNTOLD:
        return _judge_untold_end(rules, rule, request, now, purpose, shorten=shorten)
    ends = f"restored until {as_minute(facts.expiry)}"
    fewer = rules.expiry_of(now, request.days)
    if shorten and fewer < facts.expiry:
        return _judge_shorter(rules, rule, request, ends, fewer)
    is_enough = rules.lasts(facts.expiry, now, request.days) or (until is not None and until <= facts.expiry)
    if purpose is Purpose.RESTORE and is_enough:
        return Verdict(Action.NOTHING, f"{ends}, which is long enough", rule.archive)
    is_same = purpose is Purpose.RESTORE and until is None and facts.days == request.days
    if is_same and rules.nearly_lasts(facts.expiry, now, request.days):
        return Verdict(Action.NOTHING, f"{ends}, as {_days(request.days)} were asked for before", rule.archive)
    new = rules.extended_to(rule, facts.expiry, request.days, now)
    if new <= facts.expiry or (is_enough and not rules.extension_adds):
        enough = f"the longest {rule.archive} allows" if rules.extension_adds else "which is long enough"
        return Verdict(Action.NOTHING, f"{ends}, {enough}", rule.archive)
    if refusal := _refusal(rule, request):
        return refusal
    if rules.extension_adds:
        change, end = f"{request.days} days are added", f", to {as_minute(new)} at the latest"
    else:
        change, end = "extended", f" to {as_minute(new)}"
    steady = "" if rules.expiry_at_midnight else f"{ends}; {change}"
    return Verdict(Action.EXTEND, f"{ends}; {change}{end}", rule.archive, tierless=not rule.takes_tier, steady=steady)


def _judge_lacking(
    rules: CloudRules, rule: ArchiveRule, facts: ObjectFacts, request: RestoreRequest, now: datetime, until: datetime
) -> Verdict:
    """A copy that shall last until an instant, where days are added to the end it has (FACTS 4.1)."""
    expiry = facts.expiry or now
    lasts = f"restored until {as_minute(expiry)}"
    days = lacking_days(expiry, until)
    if days <= 0:
        return Verdict(Action.NOTHING, f"{lasts}, which is long enough", rule.archive)
    new = rules.extended_to(rule, expiry, days, now)
    if new <= expiry:
        return Verdict(Action.NOTHING, f"{lasts}, the longest {rule.archive} allows", rule.archive)
    if refusal := _refusal(rule, request._replace(days=days)):
        return refusal
    change = f"{_days(days)} {'is' if days == 1 else 'are'} added"
    reason = f"{lasts}; {change}, to {as_minute(new)} at the latest"
    steady = f"{lasts}; {change}"
    return Verdict(Action.EXTEND, reason, rule.archive, tierless=not rule.takes_tier, steady=steady, days=days)


def lacking_days(expiry: datetime, until: datetime) -> int:
    """How many days a copy that ends at ``expiry`` lacks to last until then; none where it is close enough."""
    return max(0, ceil((until - CLOSE - expiry) / timedelta(days=1)))


def _judge_shorter(
    rules: CloudRules, rule: ArchiveRule, request: RestoreRequest, until: str, end: datetime
) -> Verdict:
    """A copy that shall end sooner than it does; not everywhere can it (FACTS 4.1, 5)."""
    if rules.extension_adds or not rules.shortens:
        where = rules.store or rules.scheme.upper()
        how = "; it can be ended at once instead (clean)" if rule.cleanable else ""
        return Verdict(Action.REFUSED, f"{until}: {where} does not let a copy end sooner{how}", rule.archive)
    if refusal := _refusal(rule, request):
        return refusal
    reason = f"{until}; shortened to {as_minute(end)}, as asked"
    steady = "" if rules.expiry_at_midnight else f"{until}; shortened"
    return Verdict(Action.SHORTEN, reason, rule.archive, tierless=not rule.takes_tier, steady=steady)


def _judge_untold_end(
    rules: CloudRules, rule: ArchiveRule, request: RestoreRequest, now: datetime, purpose: Purpose, *, shorten: bool
) -> Verdict:
    """Whether the copy lasts long enough cannot be known, so days counted from now might shorten it."""
    until = "restored, until a date that cannot be read"
    if not rules.extension_adds and not shorten:
        return Verdict(Action.NOTHING, f"{until}: other days might shorten it, so none are sent", rule.archive)
    if purpose is Purpose.RESTORE and not shorten:
        return Verdict(Action.NOTHING, f"{until}: extend it to be sure", rule.archive)
    if shorten and (rules.extension_adds or not rules.shortens):
        return _judge_shorter(rules, rule, request, until, now)
    if refusal := _refusal(rule, request):
        return refusal
    change = "are added" if rules.extension_adds else f"from now end {as_minute(rules.expiry_of(now, request.days))}"
    return Verdict(
        Action.EXTEND, f"{until}; {request.days} days {change}", rule.archive, tierless=not rule.takes_tier
    )


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"
