"""Sign-in: the metadata documents, the OAuth token endpoint and the managed identity endpoint."""

import hmac
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azml.emulator.base.identity import CLIENT, TENANT, Identity, issue_token
from azml.emulator.control.arm.addresses import STORAGE_SUFFIX, Addresses
from azml.emulator.control.arm.json import Json
from azml.emulator.control.http.guards import limited_body

CLOUD = "AzmlLocal"
AUDIENCES = ("https://management.azure.com/", "https://management.core.windows.net/")
FORM_LIMIT = 64 << 10  # bytes


class Login:
    """Answers all requests of a client that has no token yet."""

    def __init__(self, addresses: Addresses, identity: Identity) -> None:
        self.addresses = addresses
        self.identity = identity

    async def metadata(self, request: Request) -> Response:
        """`/metadata/endpoints`: a list up to 2019, for azure-ai-ml; one object since then, for azcore."""
        version = request.query_params.get("api-version", "")
        known = self._cloud()
        return JSONResponse([known] if version < "2020" else known)

    async def discovery(self, request: Request) -> Response:
        """`/{tenant}/v2.0/.well-known/openid-configuration`."""
        base = f"{self.addresses.arm}/{request.path_params['tenant']}"
        return JSONResponse(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "response_types_supported": ["code"],
                "tenant_region_scope": None,
            }
        )

    async def instance(self, request: Request) -> Response:
        """`/common/discovery/instance`: this address is its own authority."""
        endpoint = f"{self.addresses.arm}/{TENANT}/v2.0/.well-known/openid-configuration"
        host = self.addresses.host
        entry = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
        return JSONResponse({"tenant_discovery_endpoint": endpoint, "metadata": [entry]})

    async def token(self, request: Request) -> Response:
        """`/{tenant}/oauth2/v2.0/token` and the older one without v2.0: client credentials."""
        form = _fields(await limited_body(request, FORM_LIMIT))
        if form.get("grant_type") != "client_credentials":
            return _refusal("unsupported_grant_type", "AADSTS70003: only client_credentials is supported.")
        if form.get("client_id") != CLIENT or not self._is_secret(form.get("client_secret", "")):
            return _refusal("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401)
        audience = form.get("scope", "").split(" ")[0].removesuffix("/.default")
        token, _ = issue_token(self.identity, audience or form.get("resource", AUDIENCES[0]))
        return JSONResponse({"token_type": "Bearer", "expires_in": 86_399, "access_token": token})

    async def managed_identity(self, request: Request) -> Response:
        """`/msi/token`: App Service's managed identity endpoint; the header authenticates the caller."""
        if not self._is_secret(request.headers.get("x-identity-header", "")):
            return JSONResponse({"statusCode": 401, "message": "The X-IDENTITY-HEADER is wrong."}, 401)
        resource = request.query_params.get("resource", AUDIENCES[0])
        token, ends = issue_token(self.identity, resource)
        answer = {
            "access_token": token,
            "expires_on": str(ends),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": CLIENT,
        }
        return JSONResponse(answer)

    def _is_secret(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self.identity.client_secret.encode())

    def _cloud(self) -> Json:
        arm = self.addresses.arm
        return {
            "name": CLOUD,
            "portal": arm,
            "authentication": {
                "loginEndpoint": arm,
                "audiences": list(AUDIENCES),
                "tenant": TENANT,
                "identityProvider": "AAD",
            },
            "resourceManager": arm,
            "graph": arm,
            "microsoftGraphResourceId": arm,
            "media": arm,
            "gallery": arm,
            "suffixes": {
                "storage": STORAGE_SUFFIX,
                "keyVaultDns": "vault.azure.net",
                "acrLoginServer": "azurecr.io",
            },
        }


def _fields(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def _refusal(code: str, message: str, status: int = 400) -> Response:
    return JSONResponse({"error": code, "error_description": message, "error_codes": []}, status)
