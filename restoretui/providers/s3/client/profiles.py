"""Which profile is meant, and of what kind it is: read from the SDK's session, without anybody being asked."""

import os
from collections.abc import Mapping
from typing import Any

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
