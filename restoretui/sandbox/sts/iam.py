"""IAM, the part that looking at a role takes: GetRole, in the query protocol."""

import json
from urllib.parse import quote

from restoretui.sandbox.s3control.roles import ROLES
from restoretui.sandbox.state.cloud import Cloud
from restoretui.sandbox.state.refusals import ErrorAnswer, access_denied
from restoretui.sandbox.wire.call_reply import Call, Reply, elements, iso
from restoretui.sandbox.wire.query import action_of, field_of, refusal_of, result

_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


class IamAdapter:
    """Form requests to ``/`` for GetRole. IAM knows no region."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def identify(self, call: Call) -> bool:
        call.operation = action_of(call, ("GetRole",))
        if not call.operation:
            return False
        call.service = "iam"
        return True

    def answer(self, call: Call) -> Reply:
        """GetRole; the trust policy is URL-encoded, as IAM has it."""
        if not call.access_key:
            raise access_denied("Request is missing Authentication Token")
        name = field_of(call, "RoleName")
        role = ROLES.get(name)
        if role is None:
            raise ErrorAnswer(404, "NoSuchEntity", f"The role with name {name} cannot be found.")
        content = {
            "Path": "/",
            "RoleName": name,
            "RoleId": "AROASANDBOX",
            "Arn": f"arn:aws:iam::{self.cloud.account}:role/{name}",
            "CreateDate": iso(0),
            # IAM writes policies URL-encoded into its documents (API reference, GetRole).
            "AssumeRolePolicyDocument": quote(json.dumps(role.trust()), safe=""),
        }
        return result(call, f"<Role>{elements(content)}</Role>", _NAMESPACE)

    def refuse(self, call: Call, refusal: ErrorAnswer) -> Reply:
        return refusal_of(call, refusal, _NAMESPACE)
