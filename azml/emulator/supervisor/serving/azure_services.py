"""Azure's services for the processes of a deployment, on loopback: tokens, and the data collector.

Each process gets a secret of its own for both, which is valid as long as the process lives.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import BasicAuth, web

from azml.emulator.base.identity import Identity, issue_token
from azml.emulator.contract.deployments import DesiredDeployment, ManagedIdentity
from azml.emulator.contract.frames import Frame
from azml.emulator.contract.spool import Spool
from azml.emulator.supervisor.ports import HOST

_BODY_LIMIT = 16 * 1024 * 1024
_LOGIN = "instance"
# Parameters that select an identity: azure-identity's names, and those of Azure's documentation.
_BY_CLIENT = ("clientid", "client_id")
_BY_PRINCIPAL = ("object_id", "principal_id", "principalid")
_BY_RESOURCE = ("mi_res_id", "msi_res_id", "resource_id")
_RECORD = {
    "ce-x-request-id": ("correlationid", "xrequestid"),
    "ce-model-version": ("modelversion",),
    "ce-collect-data-type": ("collectdatatype",),
    "ce-agent": ("agent",),
}
"""The attributes of a record, by the header in which azureml-ai-monitoring sends them."""


@dataclass(frozen=True)
class Grant:
    """One process's access: its secret, and the environment variables that announce the services."""

    secret: str
    variables: Mapping[str, str]
    files: tuple[Path, ...] = ()


class AzureServices:
    """The HTTP service. `identities` returns an endpoint's; `bundle` has the certificates to trust."""

    def __init__(self, identity: Identity, bundle: Path, run_dir: Path, spool: Spool) -> None:
        self._identity = identity
        self.bundle = bundle
        self._run_dir = run_dir
        self._spool = spool
        self._holders: dict[str, DesiredDeployment] = {}
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)
        self._port = 0
        self.identities: Callable[[str], Sequence[ManagedIdentity]] = lambda endpoint: ()

    async def start(self) -> None:
        """Listen on a free port."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening, and write what was collected."""
        await self._runner.cleanup()
        self._spool.close()

    def admit(self, desired: DesiredDeployment) -> Grant:
        """A grant for a new process of a deployment."""
        secret = secrets.token_urlsafe(32)
        self._holders[secret] = desired
        bundle = str(self.bundle)
        variables = dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), bundle)
        if self.identities(desired.endpoint_key):
            variables["MSI_ENDPOINT"] = f"http://{HOST}:{self._port}/MSI/auth"
            variables["MSI_SECRET"] = secret
        if not desired.collect:
            return Grant(secret, variables)
        settings = self._run_dir / f"{secrets.token_hex(8)}.collector.json"
        settings.write_text(json.dumps(_collector_settings(desired)))
        variables |= {
            "AZUREML_MDC_CONFIG_PATH": str(settings),
            # azureml-ai-monitoring sends no secret; with a host like this, requests sends it instead.
            "AZUREML_MDC_HOST": f"{_LOGIN}:{secret}@{HOST}",
            "AZUREML_MDC_PORT": str(self._port),
        }
        return Grant(secret, variables, (settings,))

    def dismiss(self, grant: Grant) -> None:
        """Revoke a grant: its process has ended."""
        self._holders.pop(grant.secret, None)
        for path in grant.files:
            path.unlink(missing_ok=True)

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=_BODY_LIMIT)
        for path in ("/MSI/auth", "/MSI/auth/", "/MSI/token", "/MSI/token/"):
            app.router.add_get(path, self._token)
        app.router.add_post("/modeldata/log", self._log)
        return app

    async def _token(self, request: web.Request) -> web.Response:
        holder = self._holders.get(request.headers.get("secret", ""))
        if holder is None:
            return _refusal(401, "The secret header is missing or wrong.")
        query = {name.lower(): value for name, value in request.query.items()}
        audience = query.get("resource", "").removesuffix("/.default")
        if not audience:
            return _refusal(400, "The resource parameter is missing.")
        chosen = choose_identity(self.identities(holder.endpoint_key), query)
        if chosen is None:
            return _refusal(400, "The endpoint has no such identity, or several and none was named.")
        token, ends = issue_token(
            self._identity, audience, chosen.principal_id, chosen.client_id, chosen.resource_id
        )
        answer = {
            "access_token": token,
            "expires_on": str(ends),
            "resource": audience,
            "token_type": "Bearer",
            "client_id": chosen.client_id,
        }
        return web.json_response(answer)

    async def _log(self, request: web.Request) -> web.Response:
        holder = self._holders.get(_password(request))
        if holder is None:
            return _refusal(401, "Only scoring processes of the local Azure may log data.")
        name = request.headers.get("ce-type", "").removeprefix("azureml.inference.").lower()
        if name not in holder.collect:
            return _refusal(400, f"The deployment has no collection {name!r}.")
        attributes = {
            attribute: request.headers[header]
            for header, attributes in _RECORD.items()
            if header in request.headers
            for attribute in attributes
        }
        frame = Frame(
            holder.key,
            name,
            request.headers.get("trace-id") or secrets.token_hex(16),
            time.time(),
            request.content_type,
            await request.read(),
            attributes,
        )
        self._spool.put(frame)
        return web.Response(status=202)


def choose_identity(
    identities: Sequence[ManagedIdentity], query: Mapping[str, str]
) -> ManagedIdentity | None:
    """The identity a request names; without a name the system-assigned one, or the only one."""
    for names, attribute in (
        (_BY_CLIENT, "client_id"),
        (_BY_PRINCIPAL, "principal_id"),
        (_BY_RESOURCE, "resource_id"),
    ):
        for name in names:
            if wanted := query.get(name):
                found = (one for one in identities if getattr(one, attribute).lower() == wanted.lower())
                return next(found, None)
    if identities and (not identities[0].resource_id or len(identities) == 1):
        return identities[0]
    return None


def _collector_settings(desired: DesiredDeployment) -> dict[str, object]:
    """The settings file of azureml-ai-monitoring, which itself samples the script's collections."""
    return {
        "runMode": "cloud",
        "collections": {
            name: {"enabled": True, "sampleRatePercentage": 100 * rate}
            for name, rate in desired.collect.items()
        },
    }


def _password(request: web.Request) -> str:
    try:
        return str(BasicAuth.decode(request.headers.get("Authorization", "")).password)
    except ValueError:
        return ""


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "message": message}, status=status)
