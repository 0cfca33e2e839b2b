"""Keys in the SDK's own words: those at hand in the environment or the credentials file, else its whole chain's.

Most people's are at hand, with nothing in front of them in the SDK's chain. For them neither the rest of the chain
nor the HTTP client that it speaks through need be loaded. Imports the SDK, and is itself imported late, when keys are
no plainer.
"""

import math
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from botocore.credentials import Credentials, EnvProvider, ReadOnlyCredentials, SharedCredentialProvider
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import (
    ConnectionError as SdkConnectionError,
)
from botocore.parsers import ResponseParserError
from botocore.session import Session

from restoretui.core.errors import CloudError, CredentialsError, MalformedAnswer, Unreachable
from restoretui.providers.s3.client.signing import Keys
from restoretui.providers.wire.refusals import Caller, printable, sign_in_hint

_PROFILE = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
"""In the SDK's order; it takes one that is set to nothing for a profile without a name."""


def forget_empty_profile(session: Any) -> None:
    """Make an empty ``AWS_PROFILE`` what everybody means by it: no choice, so the default profile."""
    said = [os.environ[name] for name in _PROFILE if name in os.environ]
    if "" in said and not session.instance_variables().get("profile"):
        store: Any = session.get_component("config_store")
        store.set_config_variable("profile", next(filter(None, said), None))


def uses_login(profiles: Mapping[str, Any], name: str) -> bool:
    """The profile, or the one it takes a role through, is one of ``aws login``, and nothing nearer gives keys."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        profile = profiles.get(name)
        if not isinstance(profile, Mapping) or profile.get("aws_access_key_id"):
            return False
        if profile.get("login_session"):
            return True
        name = str(profile.get("source_profile") or name) if profile.get("role_arn") else name
    return False


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


_UNREADABLE = (ResponseParserError, LookupError, TypeError, AttributeError, OverflowError)
"""What the SDK raises for answers of STS, SSO and of whoever else gives keys out that are not what they should be.

Its text may quote the answer, and that may hold keys.
"""


async def sdk_keys(profile: str | None, ask_chain: Callable[[], Awaitable[Any]], caller: Caller) -> tuple[Keys, Any]:
    """The keys, and what the SDK found them as; ``ask_chain`` asks the whole chain.

    Raises ``CredentialsError``, and ``Unreachable`` or ``MalformedAnswer`` where whoever gives keys out is.
    """
    unreadable: CloudError | None = None
    try:
        source: Any = near_keys(profile)
        if source is not None:
            frozen = source.get_frozen_credentials()
        else:
            source = await ask_chain()
            if source is None:
                raise NoCredentialsError
            frozen = await source.get_frozen_credentials()
    except (Unreachable, MalformedAnswer) as error:
        raise type(error)(f"the credentials cannot be renewed: {error}", error.hint) from error
    except (BotoCoreError, ClientError, RuntimeError, OSError, ValueError) as error:
        raise chain_error(error, caller) from error
    except _UNREADABLE as error:
        unreadable = chain_error(error, caller)  # raised once the error, which quotes, is out of its way
    if unreadable is not None:
        raise unreadable
    return Keys(frozen.access_key, frozen.secret_key, frozen.token), source


def seconds_left(source: Any) -> float:
    """What is left of the keys' time; infinite where the SDK knows of no end."""
    if getattr(source, "_expiry_time", None) is None:
        return math.inf
    return float(source._seconds_remaining())  # noqa: SLF001 - the SDK tells only whether it is less than given


class LiveCredentials(Credentials):
    """An adapter: the cache's keys in the shape that the SDK's clients hold, which ask without waiting."""

    def __init__(self) -> None:
        super().__init__("", "", method="restoretui")  # type: ignore[no-untyped-call]
        self.current: ReadOnlyCredentials | None = None
        """To be set before a request is built."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """Called by the SDK's signer: the keys of the request at hand. ``NoCredentialsError`` before any were set."""
        if self.current is None:
            raise NoCredentialsError
        return self.current


class HeldCredentialProvider:
    """An adapter: such credentials in the place of a session's credential provider chain."""

    def __init__(self, credentials: LiveCredentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> LiveCredentials:
        """Called by an SDK session in the place of its chain; never looks anywhere."""
        return self._credentials


def chain_error(error: Exception, caller: Caller) -> CloudError:
    """What stopped the chain, and what to run."""
    said = printable(str(error))
    hint = sign_in_hint(caller)
    match error:
        case ProfileNotFound():
            return CredentialsError(said, "aws configure list-profiles shows the profiles there are").as_wrong()
        case NoCredentialsError() if caller.profile:
            return CredentialsError(
                f"profile {caller.profile} has no credentials",
                f"put its keys back; {hint}"
                if caller.sso
                else "put its keys back: they are read again by themselves",
            ).as_wrong()
        case NoCredentialsError():
            return CredentialsError(
                "there are no credentials", "choose a --profile, run aws configure, or set AWS_ACCESS_KEY_ID"
            ).as_wrong()
        case PartialCredentialsError():
            return CredentialsError(said, "set both the access key and the secret key").as_wrong()
        case SSOError() | TokenRetrievalError():
            return CredentialsError(f"the SSO session has expired or was never started: {said}", hint)
        case ClientError():
            details = error.response.get("Error", {})
            return CredentialsError(
                f"the credentials cannot be had: {said}",
                hint,
                code=str(details.get("Code", "")),
                status=int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)),
                request_id=str(error.response.get("ResponseMetadata", {}).get("RequestId", "")),
                operation=str(error.operation_name),
            )
        case SdkConnectionError() | HTTPClientError():
            return Unreachable(f"the credentials cannot be renewed: {said}", "check the network")
        case ResponseParserError():
            return CredentialsError("the credentials cannot be had: what gives them out answers no XML or JSON", hint)
        case KeyError():
            return CredentialsError(f"the credentials cannot be had: what gives them out names no {said[:80]}", hint)
        case LookupError() | TypeError() | AttributeError() | OverflowError():
            return CredentialsError("the credentials cannot be had: who gives them out answers as nobody would", hint)
        case _:
            return CredentialsError(f"the credentials cannot be had: {said}", hint)
