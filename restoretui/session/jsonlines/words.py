"""The vocabulary of the JSON lines: one name for one thing, with its unit in the name where bytes do not go unsaid.

A name means the same wherever it stands; ``kinds`` and ``summaries`` say where that is.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from restoretui.core.model import State, Tier
from restoretui.core.then.steps import ThenEvent, ThenKind

Shape = Mapping[str, Any]
"""A value, as JSON Schema says it."""


class Term(NamedTuple):
    """A name, what stands behind it, and what it means."""

    shape: Shape
    meaning: str


TEXT: Shape = {"type": "string", "minLength": 1}
COUNT: Shape = {"type": "integer", "minimum": 0}
NUMBER: Shape = {"type": "number", "minimum": 0}
FLAG: Shape = {"type": "boolean"}
INSTANT: Shape = {"type": "string", "pattern": r"^\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"}
NAME: Shape = {"type": "string", "pattern": r"^[a-z][a-z0-9_]*$"}
STATE: Shape = {"enum": [state.value for state in State]}


def list_of(shape: Shape) -> Shape:
    """Any number of them, also none."""
    return {"type": "array", "items": shape}


def by(names: Shape, shape: Shape) -> Shape:
    """An object whose names are data."""
    return {"type": "object", "propertyNames": names, "additionalProperties": shape}


def record(required: str, optional: str = "") -> Shape:
    """An object of words: their names, with spaces between."""
    names = [*required.split(), *optional.split()]
    return {
        "type": "object", "properties": {name: {"$ref": f"#/$defs/word.{name}"} for name in names},
        "required": required.split(), "additionalProperties": False,
    }  # fmt: skip


VOLUME = record("objects size unsized")
_SPAN: Shape = {
    "type": "object", "properties": {"shortest": NUMBER, "longest": NUMBER}, "required": ["shortest", "longest"],
    "additionalProperties": False,
}  # fmt: skip

WORDS: dict[str, Term] = {
    # what it is about
    "scheme": Term(TEXT, "the cloud, as its locations begin: s3, oss"),
    "bucket": Term(TEXT, "a bucket's name"),
    "buckets": Term(list_of(TEXT), "names of all buckets it is about; `bucket` stands beside it where it is one"),
    "location": Term(TEXT, "what can be given to any command to mean this, and nothing else"),
    "locations": Term(list_of(TEXT), "those that were asked for"),
    "key": Term(TEXT, "an object's key, exactly"),
    "version_id": Term(TEXT, "which version; absent: the current one"),
    "prefix": Term({"type": "string"}, "what the keys below it begin with; empty for a whole bucket"),
    "region": Term(TEXT, "a cloud's region"),
    "profile": Term(TEXT, "whose keys reach it; of an object, where its run is over several accounts"),
    "profiles": Term(by(TEXT, TEXT), "the same by bucket, where they are several; one that is not named has none"),
    "regions": Term(list_of(TEXT), "several of them"),
    "endpoint_url": Term(TEXT, "where the cloud is reached, if not by its own name"),
    "store": Term(TEXT, "which S3-compatible store"),
    "engine": Term({"enum": ["direct", "batch"]}, "one request for each object, or jobs of S3 Batch Operations"),
    # an object
    "size": Term(COUNT, "bytes"),
    "storage_class": Term(TEXT, "as the cloud spells it"),
    "state": Term(STATE, "where it stands: see the table of states"),
    "expiry": Term(INSTANT, "when the restored copy ends"),
    "tier": Term({"enum": [tier.value for tier in Tier]}, "how fast it was asked for"),
    "run": Term({"type": "integer", "minimum": 1}, "a run's number"),
    "modified_at": Term(INSTANT, "when the object was written"),
    "archive_status": Term(TEXT, "where Intelligent-Tiering keeps it, once a look showed it"),
    "reason": Term(TEXT, "why, in a sentence"),
    "hint": Term(TEXT, "what to do next, in a sentence"),
    "code": Term({"type": "string"}, "the cloud's own word for an error; empty where a completion report has none"),
    "http_status": Term({"type": "integer", "minimum": 100, "maximum": 599}, "of the cloud's answer"),
    "request_id": Term(TEXT, "what the cloud's support asks for"),
    "operation": Term(TEXT, "the cloud's name of the request, or of what a job does"),
    "action": Term(
        NAME,
        "what the plan decided: start, upgrade, extend, extend_on_arrival, shorten, "
        "already_restoring, waits_elsewhere, nothing_to_do, refused, look_first",
    ),
    "requested_at": Term(INSTANT, "when the cloud took the request"),
    "available_at": Term(INSTANT, "when the copy was there"),
    "changed_at": Term(INSTANT, "when it came into its state"),
    "request_charged": Term(TEXT, "who is charged for its request, where the cloud said it: requester"),
    "output_path": Term(TEXT, "where its results are written, as the cloud said it, where they are no copy"),
    "doubted": Term(FLAG, "it may be there: only nobody may look"),
    "asked": Term(FLAG, "its request goes out all the same (`--ask-unseen`)"),
    # a change
    "at": Term(INSTANT, "when it happened"),
    "from": Term(STATE, "the state before"),
    "history": Term(FLAG, "true: it happened before this command began to follow"),
    # sums
    "objects": Term(COUNT, "how many objects"),
    "unsized": Term(COUNT, "of them, those whose size the store does not tell: they are in no size"),
    **{state.value: Term(COUNT, f"objects that are {state.value}") for state in State},
    "readable": Term(VOLUME, "what can be read"),
    "unseen": Term(VOLUME, "what only a look at each tells archived from readable"),
    "gone": Term(COUNT, "objects deleted since they were listed; in no sum"),
    "states": Term(by(STATE, VOLUME), "the same for each state there is"),
    "classes": Term(by({"type": "string"}, VOLUME), "the same for each storage class there is"),
    "direct": Term(VOLUME, "what lies in the prefix itself, below no further one"),
    "by": Term(
        by({"enum": ["class", "state", "age", "year"]}, by({"type": "string"}, VOLUME)),
        "the sums split as `--by` says",
    ),
    "depth": Term(COUNT, "levels below the location"),
    "prefixes": Term(COUNT, "how many prefixes were summed up"),
    "listed_at": Term(INSTANT, "when the oldest listing that is in it ended"),
    # money
    "cost": Term(
        record("total currency unpriced", "retrieval request_fees copy storage afterwards fees_unknown looks"),
        "an estimate",
    ),
    "costs": Term(list_of(record("total currency unpriced", "looks")), "one for each currency: two are no sum"),
    "total": Term(NUMBER, "all that could be priced, in `currency`; the least it costs where `unpriced` is not 0"),
    "cost_total": Term(NUMBER, "the same of a part"),
    "retrieval": Term(NUMBER, "of the total: for the bytes retrieved"),
    "request_fees": Term(NUMBER, "of the total: for the requests"),
    "copy": Term(NUMBER, "of the total: for keeping the copies"),
    "storage": Term(NUMBER, "of the total: for what comes back for good, the first 30 days"),
    "afterwards": Term(NUMBER, "of the total: for what is done with the objects then"),
    "cost_per_month": Term(NUMBER, "what keeping the copies costs a month, after the first 30 days"),
    "looks": Term(NUMBER, "what LIST and HEAD requests have cost so far; absent where that is not known"),
    "currency": Term({"type": "string", "pattern": "^[A-Z]{3}$"}, "ISO 4217"),
    "unpriced": Term(COUNT, "objects of which some price is not known"),
    "fees_unknown": Term(COUNT, "of them, those of which only the request's fee is not known"),
    "storage_90_days": Term(NUMBER, "what comes back for good costs over 90 days, if nobody reads it"),
    "egress": Term(NUMBER, "what downloading it to the Internet would cost besides"),
    "copies_cost": Term(NUMBER, "what the copies cost so far"),
    "copies_cost_per_day": Term(NUMBER, "what they cost a day"),
    "copies_cost_is_whole": Term(FLAG, "false: of some copies it is not known"),
    # what is done with objects once they can be read
    "then": Term(
        list_of(
            record(
                "step objects",
                "target event storage_class size cost_total unpriced cost_per_month keep_days cost_of_keeping"
                " then_done then_failed then_open",
            )
        ),
        "what is done with each object once it can be read, in this order",
    ),
    "step": Term({"enum": [kind.value for kind in ThenKind]}, "what is done"),
    "target": Term(TEXT, "where to, or with what: a location, a folder, a command, a file, a name"),
    "event": Term({"enum": [event.value for event in ThenEvent]}, "at which it is done, once for the run"),
    "keep_days": Term(COUNT, "copies that would end before it is done are extended once, by at most so many days"),
    "cost_of_keeping": Term(NUMBER, "of the total: what extending all of them would cost"),
    "then_done": Term(COUNT, "objects, or steps of objects, that it is done with"),
    "then_failed": Term(COUNT, "those it could not be done with"),
    "then_open": Term(COUNT, "those that can be read and it is still to be done with"),
    "then_causes": Term(
        list_of(record("run step objects", "target event code reason")), "why steps could not be done"
    ),
    "then_stands": Term(TEXT, "how far each step is with the object"),
    # a plan
    "act": Term(NAME, "restore, retry, retry_through_jobs, clone, confirm_job or clean"),
    "about": Term(TEXT, "what it is done to"),
    "requests": Term(COUNT, "requests that would go out, or went out"),
    "days": Term(COUNT, "how long copies last; absent where they stay"),
    "actions": Term(by(NAME, COUNT), "objects by action; together all objects of the plan"),
    "groups": Term(
        list_of(record("bucket action objects size cost_total", "storage_class reason unsent_in_run seen_at")),
        "objects with one fate",
    ),
    "unsent_in_run": Term({"type": "integer", "minimum": 1}, "the run that has planned them and sent nothing yet"),
    "seen_at": Term(INSTANT, "as of when it was seen so"),
    "prices": Term(record("regions exact", "date"), "which prices it was made with"),
    "date": Term(
        {"type": "string", "pattern": r"^\d{4}(-\d\d(-\d\d)?)?$"},
        "of the prices, as exactly as their source tells it: a day, a month or a year",
    ),
    "exact": Term(FLAG, "false: for some region there are none, and another's stand in"),
    "window_seconds": Term(_SPAN, "the typical time from request to copy, as documented; no promise"),
    "measured": Term(list_of(record("archive seconds percentiles restores")), "how long it took here"),
    "archive": Term(TEXT, "the archive it came from"),
    "seconds": Term(_SPAN, "how long"),
    "percentiles": Term(list_of(COUNT), "which ones those two are"),
    "restores": Term(COUNT, "how many were measured"),
    "quota_seconds": Term(NUMBER, "how long it takes at the cloud's documented quota"),
    "expiry_not_before": Term(INSTANT, "copies last until then, or longer"),
    "expirations": Term(
        list_of(record("bucket objects first_at by_tags", "rule")),
        "objects that a lifecycle rule deletes before their copies end",
    ),
    "rule": Term(TEXT, "a lifecycle rule's name"),
    "first_at": Term(INSTANT, "when the first of them is deleted"),
    "by_tags": Term(FLAG, "the rule goes by tags, which are not known: they may be"),
    "lifecycle_unread": Term(list_of(TEXT), "buckets whose lifecycle rules may not be read"),
    "provisioned_capacity": Term(by({"type": "string"}, COUNT), "units owned, by region"),
    # a run
    "purpose": Term(NAME, "restore, extend or upgrade"),
    "requester": Term(TEXT, "who asked for it, as given with it"),
    "ticket": Term(TEXT, "under which ticket, as given with it"),
    "note": Term(TEXT, "given with it"),
    "restore_request": Term(
        {"type": "object"}, "what is sent in place of days and tier, as `--restore-request` had it"
    ),
    "created_at": Term(INSTANT, "when it was made"),
    "ended_at": Term(INSTANT, "when it was over"),
    "list_calls": Term(COUNT, "LIST requests made to watch it"),
    "head_calls": Term(COUNT, "HEAD requests made to watch it"),
    "looked": Term(FLAG, "this is after a look just now"),
    "as_of": Term(INSTANT, "as of when it holds: when all of it was last looked at"),
    "command_line": Term(TEXT, "how to type it again"),
    "made_at": Term(INSTANT, "when it was written"),
    "took_seconds": Term(record("objects least median most"), "from the request to the copy, of so many objects"),
    "least": Term(NUMBER, "the least of them"),
    "median": Term(NUMBER, "half of them took no longer"),
    "most": Term(NUMBER, "the most of them"),
    "first_end_at": Term(INSTANT, "when the first of the copies there are ends"),
    "last_end_at": Term(INSTANT, "when the last does"),
    "reading": Term(list_of(record("tool location text")), "how tools read what can be read now"),
    "tool": Term(TEXT, "a program, or a library"),
    "text": Term(TEXT, "a command as a shell reads it, or lines of a program"),
    "progress": Term(
        record(
            "done to_do back_bytes asked_bytes overdue_seconds overdue unsent arrivals",
            "window_opens_at window_closes_at window_passed sent_per_second last_sent_at first_arrival_at"
            " last_arrival_at copies_cost copies_cost_per_day copies_cost_is_whole",
        ),
        "how it goes",
    ),
    "done": Term(COUNT, "objects of which nothing more is awaited"),
    "to_do": Term(COUNT, "objects that were to be asked for"),
    "back_bytes": Term(COUNT, "that came"),
    "asked_bytes": Term(COUNT, "that were asked for"),
    "window_opens_at": Term(INSTANT, "when the first is typically there"),
    "window_closes_at": Term(INSTANT, "when the last is"),
    "window_passed": Term({"type": "number", "minimum": 0, "maximum": 1}, "how much of that time has passed"),
    "overdue": Term(COUNT, "objects still awaited after it"),
    "overdue_seconds": Term(NUMBER, "for how long"),
    "unsent": Term(COUNT, "objects whose request has not gone out"),
    "sent_per_second": Term(NUMBER, "how fast they go out"),
    "last_sent_at": Term(INSTANT, "when the last will have"),
    "first_arrival_at": Term(INSTANT, "when the first copy came"),
    "last_arrival_at": Term(INSTANT, "when the last one did, so far"),
    "arrivals": Term(list_of(COUNT), "copies that came, in equal parts of the time between those two"),
    # a job of S3 Batch Operations
    "job": Term(TEXT, "its id"),
    "jobs": Term(COUNT, "how many jobs"),
    "status": Term(TEXT, "a job's, in the cloud's own words: Active, Suspended, Complete …"),
    "statuses": Term(by(TEXT, COUNT), "jobs by status"),
    "priority": Term(COUNT, "higher goes first"),
    "description": Term(TEXT, "for people"),
    "tasks": Term(COUNT, "objects it works off"),
    "succeeded": Term(COUNT, "tasks that did"),
    "elapsed_seconds": Term(NUMBER, "for which it was active"),
    "role_arn": Term(TEXT, "the role it acts as"),
    "manifest": Term(TEXT, "where its list of objects is"),
    "generated_from": Term(record("bucket storage_classes", "prefix"), "what S3 makes that list of"),
    "storage_classes": Term(list_of(TEXT), "several classes; none: any"),
    "report": Term(TEXT, "where its completion report is"),
    "report_scope": Term({"enum": ["all", "failed", "none"]}, "which tasks that tells of"),
    "failures": Term(list_of(record("", "code reason")), "why the job as a whole failed"),
    "tags": Term(by(TEXT, {"type": "string"}), "its tags; absent where they may not be read"),
    # a check
    "policy_of": Term({"enum": ["trust", "role", "caller"]}, "who trusts the role; what it, or the caller, may do"),
    "document": Term({"type": "object"}, "a policy, as AWS reads it"),
    "file": Term(TEXT, "a file's name"),
    "what": Term(TEXT, "what was checked"),
    "ok": Term(FLAG, "nothing is wrong with it"),
    "verdict": Term(
        {"enum": ["ok", "denied", "broken", "cannot_be_known"]}, "how it is; what cannot be known has no `ok`"
    ),
    "optional": Term(FLAG, "much goes without it, so it decides no exit code"),
    "checks": Term(COUNT, "how many things were looked at"),
    "verdicts": Term(by(NAME, COUNT), "how many of each verdict"),
    "setting": Term(NAME, "a key of the config"),
    "settings": Term(COUNT, "how many settings"),
    "value": Term(TEXT, "as text; absent where nothing is set"),
    # events
    "queue": Term(TEXT, "a queue that events come by, as `--events` takes it"),
    "difference": Term(list_of({"type": "string"}), "lines of a diff; none where nothing is to be changed"),
    # prices
    "source": Term(TEXT, "where they come from"),
    "copy_per_gib_month": Term(NUMBER, "keeping a copy"),
    "copy_free": Term(list_of(TEXT), "archives whose copies cost nothing"),
    "put_per_1000": Term(NUMBER, "a thousand PUTs"),
    "egress_per_gib": Term(NUMBER, "downloading to the Internet"),
    "frequent_per_gib_month": Term(NUMBER, "Intelligent-Tiering, Frequent Access"),
    "infrequent_per_gib_month": Term(NUMBER, "Intelligent-Tiering, Infrequent Access"),
    "list_per_1000": Term(NUMBER, "a thousand LISTs"),
    "head_per_1000": Term(NUMBER, "a thousand HEADs"),
    "retrievals": Term(
        by({"type": "string"}, by({"enum": [tier.value for tier in Tier]}, record("per_gib", "per_1000"))),
        "retrieving, by archive and tier",
    ),
    "per_gib": Term(NUMBER, "for a GiB"),
    "per_1000": Term(NUMBER, "for a thousand requests"),
    "not_listed": Term(list_of(TEXT), "what AWS's list does not tell, in words"),
    "unknown_prices": Term(list_of(TEXT), "what of all that is not known, in words"),
    # errors and ends
    "command": Term(TEXT, "which command this was: ls, batch show"),
    "exit_code": Term({"enum": [0, 1, 2, 3, 4, 5, 130]}, "the command's, or what it would be for this alone"),
    "runs": Term(list_of({"type": "integer", "minimum": 1}), "numbers of all runs it is about"),
    "missing": Term(COUNT, "objects that could not be seen"),
    "left_out": Term(COUNT, "objects that were named, and that selectors left out"),
    "refused": Term(COUNT, "objects that the plan refused"),
    "timed_out": Term(FLAG, "the time to wait was over first"),
    "come_back_at": Term(INSTANT, "when something is due next"),
    "to_confirm": Term(list_of(TEXT), "jobs that are made and wait for `batch confirm`"),
    "short_of_days": Term(COUNT, "copies that end before the days asked for are over"),
    "not_sped_up": Term(COUNT, "objects whose restore the cloud would not speed up"),
    "not_looked_at": Term(COUNT, "runs whose look failed"),
    "causes": Term(list_of(record("state objects of_rights", "code reason")), "why objects were not restored"),
    "of_rights": Term(FLAG, "it is a matter of permissions"),
    "given_up": Term(COUNT, "objects whose request was given up unsent"),
    "would_go": Term(list_of({"type": "integer", "minimum": 1}), "runs that a dry run says would go"),
    "retried": Term(COUNT, "objects sent again"),
    "deleted": Term(COUNT, "files deleted in the cloud"),
    "copies": Term(COUNT, "restored copies found"),
    "ended": Term(COUNT, "copies that were ended"),
    "nothing_to_end": Term(COUNT, "copies that were not there any more"),
    "rows": Term(COUNT, "rows of an inventory that were read for it now"),
    "undeleted": Term(COUNT, "objects that are current again, their delete markers removed"),
    "gone_already": Term(COUNT, "delete markers that were not there any more"),
    "not_deleted": Term(COUNT, "objects of what was asked for that are current as they are"),
    "replaced": Term(COUNT, "objects that something newer than their version stands in front of"),
    "markers": Term(COUNT, "delete markers that stood in place of objects"),
    "marker_id": Term(TEXT, "the version id of the delete marker in front of it"),
    # a set
    "set": Term(TEXT, "a set's name; with an @ before it, it stands where a location does"),
    "sets": Term(list_of(TEXT), "names of all sets it is about"),
    "names_versions": Term(FLAG, "these are versions, each named by its id"),
    "etag": Term(TEXT, "the cloud's mark of the contents"),
    "diff": Term({"enum": ["missing", "new", "changed"]}, "missing in the second, new there, or changed"),
    "was_size": Term(COUNT, "bytes, in the first"),
    "was_storage_class": Term(TEXT, "the class in the first"),
    "new": Term(COUNT, "objects in the second alone"),
    "changed": Term(COUNT, "objects in both that are not alike"),
    "alike": Term(COUNT, "objects in both that are"),
    "not_seen": Term(COUNT, "objects that may not be looked at, of which nobody knows"),
    "problems": Term(COUNT, "checks that found something wrong"),
    "written": Term(FLAG, "it was written down"),
    # the ledger
    "folder": Term(TEXT, "where the ledger is"),
    "files": Term(list_of(record("file", "size before_bytes after_bytes")), "files of it"),
    "before_bytes": Term(COUNT, "a file's size before"),
    "after_bytes": Term(COUNT, "and now"),
    "freed_bytes": Term(COUNT, "given back"),
    "free_bytes": Term(COUNT, "what could be given back"),
    "sizes": Term(by(TEXT, COUNT), "bytes by what they hold"),
    "sizes_measured": Term(FLAG, "false: those are shared out by counts"),
    "ledger_schema": Term(COUNT, "version of its tables"),
    "catalog_schema": Term(COUNT, "version of the tables of listings"),
    "gives_back": Term(FLAG, "freed room goes back to the disk by itself"),
    "runs_by_state": Term(by(NAME, COUNT), "runs under_way, those whose copies_last, and those that are over"),
    "entries": Term(COUNT, "entries in the audit trail"),
    "listings": Term(COUNT, "listings kept, or removed"),
    "oldest_run_at": Term(INSTANT, "when the oldest run was made"),
    "oldest_listing_at": Term(INSTANT, "when the oldest listing was"),
    "staying": Term(by(NAME, COUNT), "runs that stay, by why"),
    "exported_to": Term(TEXT, "the folder that what goes was written to"),
}
