"""A facade over botocore, which stays in charge of configuration, credentials, endpoints, requests and error text.

Everything here that loads models or reads files runs beside the event loop. Imports the SDK, so it is itself imported
late, by ``late_sdk``.
"""

import asyncio
import logging
import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from hashlib import md5
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore import xform_name
from botocore.awsrequest import HeadersDict
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ProfileNotFound
from botocore.handlers import validate_bucket_name
from botocore.httpsession import get_cert_path
from botocore.parsers import ResponseParserError, ResponseParserFactory
from botocore.session import Session
from msgspec.structs import replace

from restoretui import __version__
from restoretui.core.clock import Clock
from restoretui.core.errors import InvalidRequest, UsageError
from restoretui.core.network.endpoints import is_amazon
from restoretui.core.network.http_client import http_client
from restoretui.core.provider import Connection, Limits, MfaPrompter
from restoretui.providers.http.proxies import Proxies
from restoretui.providers.http.tls import Tls, make_tls, trust_of
from restoretui.providers.s3.client.credentials import CredentialCache
from restoretui.providers.s3.client.sdk_keys import (
    HeldCredentialProvider,
    LiveCredentials,
    forget_empty_profile,
    uses_login,
)
from restoretui.providers.s3.client.signing import MD5
from restoretui.providers.s3.client.transport import HttpResponse, Ready, Transport
from restoretui.providers.s3.plain.refusals import refusal_of
from restoretui.providers.s3.plain.settings import DEFAULT_REGION
from restoretui.providers.sdk_models import Models
from restoretui.providers.threads import run_in_thread
from restoretui.providers.wire.ini_files import aws_files, fault_in
from restoretui.providers.wire.refusals import Caller, Refusal, printable
from restoretui.providers.wire.restore_header import parse_instant
from restoretui.providers.wire.xml_trees import LONGEST_ERROR, Unreadable, refuse_nests


class Begun(NamedTuple):
    """What has been going on before the SDK was loaded, and goes on as it is."""

    caller: Caller
    vault: CredentialCache
    proxies: Proxies
    transports: dict[tuple[str, str], Transport]
    """By service and region."""


class Sdk:
    """One profile's SDK session, with one S3 client per region, made when first needed."""

    def __init__(
        self,
        connection: Connection,
        limits: Limits,
        clock: Clock,
        mfa: MfaPrompter | None,
        begun: Begun | None = None,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self.http = http_client(os.environ)
        try:
            seed: Any = Session(profile=connection.profile or None)
            forget_empty_profile(seed)
            self._loader = _models(seed.get_config_variable("data_path"))
            seed.register_component("data_loader", self._loader)
            scoped = seed.get_scoped_config()
            self.region: str = connection.region or seed.get_config_variable("region") or DEFAULT_REGION
            profile = seed.get_config_variable("profile") or ""
            login = uses_login(seed.full_config.get("profiles", {}), profile or "default")
            self._tls = _tls(scoped, profile, seed.get_config_variable("proxies_config") or {})
        except ProfileNotFound as error:
            message = printable(str(error))
            raise UsageError(message, "aws configure list-profiles shows the profiles there are") from None
        except BotoCoreError as error:
            _tell_fault(error)
            raise UsageError(f"the AWS configuration cannot be used: {printable(str(error))}", "mend it") from None
        if begun is None:
            sso = "sso_session" in scoped or "sso_start_url" in scoped
            caller = Caller(
                profile,
                sso,
                login,
                requester_pays=connection.requester_pays,
                expected_owner=connection.expected_bucket_owner or "",
            )
            vault = CredentialCache(connection.profile or None, self.far_keys, caller, clock, mfa)
            begun = Begun(caller, vault, Proxies(), {})
        self.caller, self.vault, self._proxies, self._transports = begun
        for library in ("botocore", "aiobotocore"):
            logging.getLogger(library).addHandler(logging.NullHandler())  # its warnings would land on the screen
        self._keys = LiveCredentials()
        seed.register_component("credential_provider", HeldCredentialProvider(self._keys))
        self._session = seed
        self._clients: dict[tuple[str, str], Any] = {}
        self._one_at_a_time: asyncio.Lock | None = None
        self._parsers = ResponseParserFactory()
        self._parsers.set_parser_defaults(timestamp_parser=_instant)

    async def far_keys(self, roles: dict[str, Any], prompter: Callable[[str], str]) -> Any:
        """The keys that the whole chain finds; as ``FarKeys``."""
        from restoretui.providers.s3.client.credential_chain import ask_chain

        profile = self._connection.profile or None
        return await ask_chain(profile, self._loader, self._tls, self._proxies, self.region, roles, prompter)

    @classmethod
    async def start(
        cls,
        connection: Connection,
        limits: Limits,
        clock: Clock,
        mfa: MfaPrompter | None,
        begun: Begun | None = None,
    ) -> "Sdk":
        """Load it all and make the first client. Called beside the event loop."""
        sdk = cls(connection, limits, clock, mfa, begun)
        await sdk._make("s3", sdk.region)
        endpoint = sdk._clients["s3", sdk.region].meta.endpoint_url
        sdk._proxies.check(endpoint)
        if not is_amazon(endpoint) and not sdk.caller.endpoint:
            sdk.caller = replace(sdk.caller, endpoint=endpoint)
            sdk._lax(sdk._clients["s3", sdk.region])
        return sdk

    async def client(self, service: str, region: str) -> Any:
        """The client for that region."""
        if client := self._clients.get((service, region)):
            return client
        self._one_at_a_time = self._one_at_a_time or asyncio.Lock()
        async with self._one_at_a_time:
            if (service, region) not in self._clients:
                try:
                    await run_in_thread(lambda: self._make(service, region), "restoretui-client")
                except UsageError as error:
                    raise InvalidRequest(str(error), error.hint) from error
        return self._clients[service, region]

    async def _make(self, service: str, region: str) -> None:
        connection = self._connection
        options: dict[str, Any] = {}
        if connection.path_style is not None and service == "s3":
            options["s3"] = {"addressing_style": "path" if connection.path_style else "virtual"}
        config = Config(
            connect_timeout=self._limits.connect_s,
            read_timeout=self._limits.read_s,
            max_pool_connections=self._limits.connections,
            retries={"mode": "standard", "total_max_attempts": 1},
            request_checksum_calculation="when_required",  # else RestoreObject carries a checksum some stores refuse
            user_agent_extra=f"restoretui/{__version__}",
            **options,
        )
        creating = partial(self._session.create_client, service, region_name=region, config=config)
        try:
            client = creating(endpoint_url=connection.endpoint_url or None)
            if self.caller.endpoint and is_amazon(client.meta.endpoint_url):
                # A store's keys mean nothing to AWS, so whatever else is asked is asked of the store.
                client = creating(endpoint_url=self.caller.endpoint)
        except (BotoCoreError, ValueError, OSError) as error:
            raise UsageError(
                f"no {service} client can be made: {printable(str(error))}", "check --region and --endpoint-url"
            ) from None
        if service == "s3control" and not is_amazon(client.meta.endpoint_url):
            client.meta.events.register_first("before-sign.s3-control", partial(_keep_host, client.meta.endpoint_url))
        if service == "s3" and self.caller.endpoint:
            self._lax(client)
        transport = self._transports.get((service, region))
        transport = transport or Transport(self._limits, self._tls, self._proxies, self.http)
        client._endpoint.http_session = transport  # noqa: SLF001 - where the SDK keeps what sends for it
        self._transports[service, region] = transport
        self._clients[service, region] = client

    def _lax(self, client: Any) -> None:
        """Stores have names that AWS lacks: Ceph's TENANT:BUCKET (FACTS 5)."""
        client.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
        client.meta.events.register("before-parameter-build.s3", _check_bucket_name)

    async def prepare(
        self, service: str, region: str, operation: str, params: dict[str, Any], everywhere: Mapping[str, Any]
    ) -> Ready:
        """One request, built and signed by the SDK, not sent; with what of ``everywhere`` the operation takes."""
        client = await self.client(service, region)
        taken = client.meta.service_model.operation_model(operation).input_shape
        params = {name: value for name, value in everywhere.items() if taken and name in taken.members} | params
        method = getattr(client, xform_name(operation))
        digests = params.pop(MD5, None) is not None
        if digests:
            client.meta.events.register_first(f"before-call.{service}.{operation}", _add_md5)
        keys = await self.vault.keys()
        self._keys.current = ReadOnlyCredentials(keys.access_key, keys.secret_key, keys.token)
        # Nothing is waited for from here until it is signed.
        try:
            method(**params)
        except Ready as ready:
            return ready
        except (BotoCoreError, UnicodeEncodeError) as error:
            said = printable(str(error).removeprefix("Parameter validation failed:"))
            if said.startswith("Invalid bucket name"):
                said = f"{params.get('Bucket')!r} cannot be a bucket's name"
            raise InvalidRequest(f"{operation} cannot be asked: {said}", operation=operation) from None
        finally:
            if digests:
                client.meta.events.unregister(f"before-call.{service}.{operation}", _add_md5)
        raise AssertionError(f"{operation} was answered without being sent")

    async def shape(self, service: str, operation: str, member: str) -> Any:
        """The SDK's model of one parameter of an operation."""
        client = await self.client(service, self.region)
        return client.meta.service_model.operation_model(operation).input_shape.members[member]

    async def learn(self, service: str) -> None:
        """Load the model of a service that was asked without it, so that its answers can be read."""
        if not any(name == service for name, _ in self._clients):
            await self.client(service, self.region)

    def parse(self, service: str, operation: str, reply: HttpResponse) -> dict[str, Any]:
        """An answer as the SDK's parser reads it; ValueError when it cannot."""
        model = next(client for (name, _), client in self._clients.items() if name == service).meta.service_model
        parser = self._parsers.create_parser(model.resolved_protocol)
        response = {
            "headers": HeadersDict(reply.headers),
            "status_code": reply.status,
            "body": reply.body,
            "context": {},
        }
        try:
            if reply.body.strip() and "json" not in model.resolved_protocol:
                refuse_nests(reply.body)
            parsed: dict[str, Any] = parser.parse(response, model.operation_model(operation).output_shape)
        except (ResponseParserError, Unreadable, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(printable(str(error))) from error
        return parsed

    def refusal(self, service: str, operation: str, reply: HttpResponse, bucket: str = "") -> Refusal:
        """An answer that is no, in the SDK's words."""
        if reply.status < 300:
            reply = replace(reply, status=500)  # an <Error> in a 200 is a failed 500, as the SDK has it
        try:
            # What is longer than any error is none, and goes by its status.
            told = reply.body if len(reply.body) <= LONGEST_ERROR else b""
            parsed = self.parse(service, operation, replace(reply, body=told))
        except ValueError:
            parsed = {}
        request_id = str(parsed.get("ResponseMetadata", {}).get("RequestId", ""))
        return refusal_of(operation, reply, parsed.get("Error", {}), request_id, bucket)

    async def aclose(self) -> None:
        """Close every connection."""
        self._clients = {}
        while self._transports:
            await self._transports.popitem()[1].aclose()


def _tell_fault(error: BotoCoreError) -> None:
    """Raise ``UsageError`` for the line that keeps one of AWS's files from being read, where there is one."""
    for path in aws_files(os.environ):
        try:
            content = path.read_bytes()
        except OSError:
            continue  # which the SDK reads neither, or complains of by itself
        fault, hint = fault_in(path, content)
        if fault:
            raise UsageError(printable(fault), hint) from error


@lru_cache(maxsize=4)
def _models(data_path: str | None) -> Any:
    """The SDK's JSON models, which are the same for every session of a process."""
    return Models(data_path)


def _tls(scoped: Mapping[str, Any], profile: str, of_proxies: Mapping[str, Any]) -> Tls:
    """What the environment and the profile say of certificates. Reads files; ``UsageError`` names a bad one."""
    where = f"profile {profile or 'default'!r}"
    own = (str(scoped.get("ca_bundle") or ""), f"ca_bundle of {where}")
    trust = trust_of(os.environ, str(get_cert_path(True)), own)
    bundle, certificate = (str(of_proxies.get(name) or "") for name in ("proxy_ca_bundle", "proxy_client_cert"))
    return make_tls(trust, bundle, certificate, where)


def _add_md5(params: dict[str, Any], **_: Any) -> None:
    """The body's own, where the model of an operation has no parameter for it."""
    digest = md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = b64encode(digest).decode()


def _instant(text: Any) -> Any:
    """None for what is no instant: one absurd date is not to spoil a page of buckets or jobs."""
    return parse_instant(str(text))


def _keep_host(endpoint: str, request: Any, **_: Any) -> None:
    """S3 Control puts the account in front of the host even of an endpoint that was given, where no name leads to it.

    The account also stands in a header.
    """
    request.url = urlsplit(request.url)._replace(netloc=urlsplit(endpoint).netloc).geturl()


def _check_bucket_name(params: dict[str, Any], **_: Any) -> None:
    """As the SDK does, behind a tenant's name."""
    tenant, colon, name = str(params.get("Bucket", "")).partition(":")
    is_tenants = colon and tenant.replace("_", "").isalnum()
    validate_bucket_name({"Bucket": name} if is_tenants else params)
