"""The whole chain of credential providers of the SDK, secured: profiles, SSO, roles, MFA, processes, machines.

Imports the SDK with the HTTP client it speaks through; only ``s3.client.sdk`` may import this module, and only when
the keys lie no nearer.
"""

from collections.abc import Callable
from typing import Any

from aioboto3.session import Session
from aiobotocore.credentials import create_credential_resolver

from restoretui.providers.http.proxies import Proxies
from restoretui.providers.http.tls import Tls
from restoretui.providers.s3.client.login_profiles import LoginProvider
from restoretui.providers.s3.client.sdk_http import VerifyingSession


async def ask_chain(
    profile: str | None,
    loader: Any,
    tls: Tls,
    proxies: Proxies,
    region: str,
    roles: dict[str, Any],
    prompter: Callable[[str], str],
) -> Any:
    """The credentials it finds, in the SDK's shape; None without any. Raises what the SDK raises.

    ``roles`` is the SDK's cache of assumed roles, and ``prompter`` asks for the code of an MFA device.
    """
    verifying = VerifyingSession(profile, tls, proxies)
    verifying.use("data_loader", loader)
    resolver = create_credential_resolver(verifying, cache=roles, region_name=region)
    verifying.secure(resolver)
    # A profile of `aws login`, or a role through one, is nothing to what comes behind.
    resolver.insert_before("assume-role", LoginProvider(verifying))
    # The SDK has no other way in: the prompter is only a constructor argument deep inside its factory.
    resolver.get_provider("assume-role")._prompter = prompter  # noqa: SLF001
    verifying.use("credential_provider", resolver)
    return await Session(botocore_session=verifying).get_credentials()
