"""Keys at hand: in the environment or the credentials file, with nothing in front of them in the SDK's chain.

Most people's are such. For them neither the rest of the chain nor the HTTP client that it speaks through need be
loaded, which is a quarter of what a short command costs. Imports the SDK; only ``s3.client.credentials`` may import
this module.
"""

import os
from typing import Any

from botocore.credentials import Credentials, EnvProvider, SharedCredentialProvider
from botocore.session import Session

from restoretui.providers.s3.client.profiles import forget_empty_profile

_IN_FRONT = frozenset((
    "role_arn", "credential_source", "web_identity_token_file", "sso_session", "sso_start_url", "login_session",
))  # fmt: skip
"""Settings of a profile by which the SDK looks elsewhere before it reads the profile's keys, or LoginProvider does.

The order: https://boto3.amazonaws.com/v1/documentation/api/latest/guide/credentials.html
"""
_IN_FRONT_BY_ENVIRONMENT = "AWS_WEB_IDENTITY_TOKEN_FILE"


def near_keys(profile: str | None) -> Credentials | None:
    """What the chain would find, where it would look no further than here; None: it has to be asked.

    ``profile`` is one that was named by an option, so that the environment's keys do not count. Reads files. Raises
    what the SDK raises for half a pair of keys.
    """
    if profile is None:
        found: Any = EnvProvider().load()
        if found is not None:
            return _endless(found)
    session: Any = Session(profile=profile)
    forget_empty_profile(session)
    name = session.get_config_variable("profile") or "default"
    if _IN_FRONT & session.full_config.get("profiles", {}).get(name, {}).keys():
        return None
    if profile is None and os.environ.get(_IN_FRONT_BY_ENVIRONMENT):
        return None
    file = session.get_config_variable("credentials_file")
    return _endless(SharedCredentialProvider(creds_filename=file, profile_name=name).load())


def _endless(found: Any) -> Credentials | None:
    """Those that end are renewed in the way of the chain's."""
    return found if type(found) is Credentials else None
