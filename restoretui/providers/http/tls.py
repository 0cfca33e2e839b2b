"""TLS contexts, all made here, so that every one does certificate and host-name verification.

A context of the SDKs' making would not do: botocore's checks no name, because urllib3 does so by itself afterwards;
asyncio and aiohttp do not.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from restoretui.core.errors import UsageError

_OF_OPENSSL = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class Trust(NamedTuple):
    """The trust store: whose certificates are believed."""

    bundle: str = ""
    """A file or a folder of CA certificates that somebody named; empty: nobody did."""
    source: str = ""
    """What named it: ``$AWS_CA_BUNDLE``."""
    usual: str = ""
    """The bundle that comes with the SDK; empty: the system's own certificates."""
    replaces: bool = True
    """The named bundle is believed in place of the usual one, not beside it."""

    missing: str = ""
    """Of OpenSSL's own variables, those that name what is not there, in words."""

    @property
    def told(self) -> str:
        """What a person should know who is to name a bundle; empty when there is nothing to tell."""
        if self.bundle and self.replaces:
            return f"only CAs of {self.bundle} are trusted ({self.source})"
        return self.missing


class Tls(NamedTuple):
    """The contexts of one session: to servers, and to a proxy that is itself reached by https."""

    context: ssl.SSLContext
    trust: Trust
    to_proxy: ssl.SSLContext
    proxy_trust: Trust


def trust_of(
    environment: Mapping[str, str], usual: str = "", profile: tuple[str, str] = ("", ""), *, replaces: bool = True
) -> Trust:
    """Whom to believe, in the SDK's order: ``AWS_CA_BUNDLE``, the profile's bundle, ``REQUESTS_CA_BUNDLE``.

    ``profile`` is that bundle and where it stands. An empty value says nothing: it does not switch verification off.
    Looks at files, so call it beside the event loop.
    """
    missing = "; ".join(
        f"${name} names {path}, which is not there"
        for name in _OF_OPENSSL
        if (path := environment.get(name, "")) and not Path(path).exists()
    )
    named = (
        (environment.get("AWS_CA_BUNDLE", ""), "$AWS_CA_BUNDLE"),
        profile,
        (environment.get("REQUESTS_CA_BUNDLE", ""), "$REQUESTS_CA_BUNDLE"),
    )
    for bundle, source in named:
        if bundle:
            return Trust(str(Path(bundle).expanduser()), source, usual, replaces, missing)
    return Trust(usual=usual, missing=missing)


def make_tls(trust: Trust, proxy_bundle: str = "", proxy_certificate: str = "", source: str = "") -> Tls:
    """The contexts for that trust; reads files, so call it beside the event loop.

    A proxy may have a CA bundle and a client certificate of its own, which ``source`` names. ``UsageError`` names a
    file that cannot be used.
    """
    context = verifying_context(trust)
    if not proxy_bundle and not proxy_certificate:
        return Tls(context, trust, context, trust)
    bundle = str(Path(proxy_bundle).expanduser()) if proxy_bundle else ""
    proxy_trust = Trust(bundle, f"proxy_ca_bundle of {source}", trust.usual) if bundle else trust
    to_proxy = verifying_context(proxy_trust)
    if proxy_certificate:
        path = str(Path(proxy_certificate).expanduser())
        try:
            to_proxy.load_cert_chain(path)
        except OSError as error:
            raise _unusable(path, f"proxy_client_cert of {source}", error) from None
    return Tls(context, trust, to_proxy, proxy_trust)


def names_none(environment: Mapping[str, str]) -> bool:
    """No variable names certificates, in which there may be a mistake to complain of."""
    return not any(map(environment.get, ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", *_OF_OPENSSL)))


def without_certificates() -> Tls:
    """Contexts that believe nobody, for an endpoint that is reached without TLS: certificates take long to read."""
    context, trust = _strict_context(), Trust()
    return Tls(context, trust, context, trust)


def verifying_context(trust: Trust) -> ssl.SSLContext:
    """A client's context that verifies chain, dates and name, and speaks TLS 1.2 or later. Reads files.

    ``UsageError`` names a bundle that cannot be used.
    """
    context = _strict_context()
    if trust.bundle:
        _load(context, trust.bundle, trust.source)
        if trust.replaces:
            return context
    if not trust.usual:
        context.load_default_certs()
        return context
    context.load_verify_locations(trust.usual)
    for name in _OF_OPENSSL:
        path = os.environ.get(name, "")
        if path and Path(path).exists():  # OpenSSL, too, passes over one that is not there
            _load(context, path, f"${name}")
    return context


def _strict_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # by which certificates and names are checked
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.post_handshake_auth = True
    return context


def _load(context: ssl.SSLContext, path: str, source: str) -> None:
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError as error:
        raise _unusable(path, source, error) from None


def _unusable(path: str, source: str, error: OSError) -> UsageError:
    if isinstance(error, FileNotFoundError):
        why = "which is not there"
    elif isinstance(error, ssl.SSLError):
        why = "which holds no certificate that can be read"
    else:
        why = f"which cannot be read: {error.strerror or error}"
    return UsageError(f"{source} names {path}, {why}", "correct it, or take it away")
