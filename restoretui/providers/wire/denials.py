"""What a refusal says of its reason: the action, the kind of policy, the key, the lock (FACTS 1.2).

Sentences made here name no object: what a million objects share is one cause.
"""

import re
from typing import NamedTuple

_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z*]+)")
_POLICY = r"([A-Za-z][A-Za-z -]*?(?:polic(?:y|ies)|boundar(?:y|ies)|SCP|RCP))"
_DENY = re.compile(rf"explicit deny in (?:an? |the )?{_POLICY}\b")
_NOT_ALLOWED = re.compile(rf"because no {_POLICY} allows")
_PUBLIC = re.compile(r"prevented by the (\w+) setting in S3 Block Public Access")
_KMS_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]*:\d*:(?:key|alias)/[A-Za-z0-9/_-]+")
_UNUSABLE_KEY = ("refers to a customer master key that does not exist", "refers to a kms key that does not exist")
_REQUESTER_PAYS = re.compile(r"request(?:er)?[ -]?pay", re.IGNORECASE)
_SSE_C = ("form of server side encryption", "server side encryption with customer", "customer provided key")
_LOCK = re.compile(r"object[ -]?lock", re.IGNORECASE)
_AWS_BACKUP = re.compile(r"aws backup|AWS_BACKUP_", re.IGNORECASE)

PAYER_CODES = frozenset({"RequestPayerDenied", "RequesterPayDenied"})
"""How stores name it that a bucket's requester pays; AWS has no code for it."""


class Reason(NamedTuple):
    """Why something was refused, as a clause, and what helps."""

    why: str
    hint: str = ""
    of_rights: bool = False
    """Somebody has to allow something, or to lift a ban."""

    def __str__(self) -> str:
        """Both as one."""
        return f"{self.why}; {self.hint}" if self.hint else self.why


def named_action(message: str) -> str:
    """The action that the cloud says is missing; empty where it names none."""
    found = _ACTION.search(message)
    return found[1] if found else ""


def kms_reason(code: str, message: str) -> Reason | None:
    """What is the matter with the KMS key of an object or bucket; None where none is."""
    key = _KMS_KEY.search(message)
    action = named_action(message)
    low = message.lower()
    unusable = any(text in low for text in _UNUSABLE_KEY)
    if not (code.startswith("KMS.") or action.startswith("kms:") or unusable or (key and "kms" in low)):
        return None
    name = f"the KMS key {key[0]}" if key else "the KMS key"
    what = code.removeprefix("KMS.").lower()
    if "pending deletion" in low or "pendingdeletion" in low:
        return Reason(f"{name} is about to be deleted", "cancel its deletion, or the data is lost")
    if "disabled" in what or "is disabled" in low:
        return Reason(f"{name} is disabled", "enable it in KMS")
    if "notfound" in what or ("does not exist" in low and not unusable):
        return Reason(f"{name} does not exist", "is it of another account or region, or deleted?")
    if unusable:
        return Reason(
            f"{name} does not exist in this region, or its policy does not let these credentials use it",
            "a key policy has to name the caller, too",
            of_rights=True,
        )
    if action or "denied" in what:
        return _by_policy(action or "its use", message, f" on {name}", "the key's own policy has to allow it, too")
    return Reason(f"{name} cannot be used as it is", "look at its state in KMS")


def policy_reason(message: str) -> Reason | None:
    """The action and the kind of policy that a message names; None where it names neither."""
    if found := _PUBLIC.search(message):
        return Reason(f"S3 Block Public Access ({found[1]}) forbids it", "sign with credentials of the account", True)
    action = named_action(message)
    if not action and not _DENY.search(message):
        return None
    return _by_policy(action or "it", message, "", "")


def is_requester_pays(code: str, message: str) -> bool:
    """The bucket's requester pays, and that was not agreed to."""
    return code in PAYER_CODES or bool(_REQUESTER_PAYS.search(message))


def object_reason(code: str, message: str) -> Reason | None:
    """What the object itself, or its bucket, forbids: encryption by a customer's key, Object Lock, AWS Backup."""
    low = message.lower()
    if _LOCK.search(message):
        if "header is required" in low or "content-md5" in low:
            return Reason(
                "the bucket has Object Lock with a default retention, which asks for a checksum with every write",
                "write elsewhere: --manifest-location and --report-location name another bucket",
            )
        return Reason("Object Lock protects the object", "its retention or legal hold has to end first", True)
    if any(text in low for text in _SSE_C):
        return Reason(
            "the object is encrypted with a key of its owner's own (SSE-C), without which it cannot be looked at",
            "a restore needs no key: name its prefix, so that a listing finds it",
        )
    if _AWS_BACKUP.search(message):
        return Reason("the object is managed by AWS Backup, and S3 cannot restore it", "restore it in AWS Backup")
    if code == "InvalidPayer":
        return Reason("the account that is to pay is not accepted", "look at the account's billing")
    return None


def _by_policy(action: str, message: str, on: str, also: str) -> Reason:
    if found := _DENY.search(message):
        kind = found[1].strip()
        article = "an" if kind[:1].lower() in "aeio" else "a"
        hint = "whoever manages that policy has to lift it: no further permission helps"
        return Reason(f"{action}{on} is forbidden by an explicit deny in {article} {kind}", hint, True)
    if found := _NOT_ALLOWED.search(message):
        return Reason(f"no {found[1].strip()} allows {action}{on}", also, True)
    return Reason(f"{action}{on} is not allowed to the caller", also, True)
