"""STS, the part an SDK needs: GetCallerIdentity and AssumeRole, in the query protocol."""

from restoretui.core.clock import SystemClock
from restoretui.sandbox.state.cloud import CALLER_ARN, OTHER_ACCOUNT, Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer, access_denied
from restoretui.sandbox.wire.call_reply import Call, Reply, elements, escape_readable, iso
from restoretui.sandbox.wire.query import action_of, field_of, refusal_of, result
from restoretui.sandbox.wire.signature import (
    OTHER_ACCESS_KEY_ID,
    ROLE_ACCESS_KEY_ID,
    SECRET_ACCESS_KEY,
    SESSION_TOKEN,
)

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_LIFETIME_S = 3600


class StsAdapter:
    """Form requests to ``/`` with an ``Action`` that STS has."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def identify(self, call: Call) -> bool:
        action = action_of(call, ("GetCallerIdentity", "AssumeRole"))
        if not action:
            return False
        call.service, call.operation = "sts", action
        return True

    def answer(self, call: Call) -> Reply:
        """GetCallerIdentity, or AssumeRole, whose keys last an hour of machine time."""
        if not call.access_key:
            raise ErrorAnswer(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        if call.operation == "AssumeRole":
            return self._assume_role(call)
        account, arn = self.cloud.account, CALLER_ARN
        if call.access_key == OTHER_ACCESS_KEY_ID:
            account, arn = OTHER_ACCOUNT, CALLER_ARN.replace(account, OTHER_ACCOUNT)
        content = {"Arn": arn, "UserId": "AIDASANDBOX", "Account": account}
        return result(call, elements(content), _NAMESPACE)

    def refuse(self, call: Call, refusal: ErrorAnswer) -> Reply:
        return refusal_of(call, refusal, _NAMESPACE)

    def _assume_role(self, call: Call) -> Reply:
        arn, session = field_of(call, "RoleArn"), field_of(call, "RoleSessionName")
        if not arn.startswith("arn:") or ":role/" not in arn or not session:
            raise access_denied(f"User is not authorized to perform: sts:AssumeRole on resource: {arn}")
        role = arn.partition(":role/")[2]
        # The SDK compares this with the machine's own time, not with the virtual one.
        ends = SystemClock().wall() + _LIFETIME_S
        content = (
            f"<Credentials>{elements({'AccessKeyId': ROLE_ACCESS_KEY_ID, 'SecretAccessKey': SECRET_ACCESS_KEY})}"
            f"{elements({'SessionToken': SESSION_TOKEN, 'Expiration': iso(ends)})}</Credentials><AssumedRoleUser>"
            f"<Arn>{escape_readable(f'arn:aws:sts::{self.cloud.account}:assumed-role/{role}/{session}')}</Arn>"
            f"<AssumedRoleId>AROASANDBOX:{escape_readable(session)}</AssumedRoleId></AssumedRoleUser>"
        )
        return result(call, content, _NAMESPACE)
