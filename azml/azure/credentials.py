"""Tokens for the identity azure-native would use.

For the local Azure one plain client-credentials request gets the token: importing azure-identity takes ten
times as long as the rest of the plugin's start, and a command starts plugins up to four times. For real Azure
tokens always come from azure-identity, imported when the first token is needed.
"""

import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from azml.azure.cloud import Cloud
from azml.azure.errors import AzureError
from azml.azure.http import Http
from azml.azure.settings import AzureSettings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_EARLY_SECONDS = 300.0  # a token is renewed this long before it expires


class TokenSource(Protocol):
    """A source of bearer tokens."""

    def token(self, scope: str) -> str:
        """A token for `scope`, valid for some minutes more. Raises AzureError when there is none."""
        ...


class ClientCredentials:
    """Tokens from the local Azure's login endpoint, by client id and secret."""

    def __init__(self, settings: AzureSettings, cloud: Cloud, http: Http) -> None:
        if not cloud.local:
            raise AzureError(f"{cloud.login} is not on this machine: its logins go through azure-identity")
        self._settings = settings
        self._cloud = cloud
        self._http = http
        self._lock = threading.Lock()
        self._held: dict[str, tuple[str, float]] = {}

    def token(self, scope: str) -> str:
        """A token for `scope`, requested once and kept until shortly before it expires."""
        with self._lock:
            token, ends = self._held.get(scope, ("", 0.0))
            if ends - time.time() < _EARLY_SECONDS:
                token, ends = self._ask(scope)
                self._held[scope] = (token, ends)
            return token

    def _ask(self, scope: str) -> tuple[str, float]:
        settings = self._settings
        if not (settings.tenant_id and settings.client_id and settings.client_secret):
            raise AzureError(
                "the local Azure is addressed but ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET are "
                "not all set: run the line of `azml emulator env` in this shell"
            )
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "scope": scope,
        }
        answer = self._http.request(
            "POST",
            f"{self._cloud.login}/{quote(settings.tenant_id)}/oauth2/v2.0/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )
        document = answer.json()
        if answer.status != 200 or "access_token" not in document:
            reason = document.get("error_description") or document.get("error") or f"status {answer.status}"
            raise AzureError(f"the local Azure gave no token: {reason}", status=answer.status)
        return str(document["access_token"]), time.time() + float(document.get("expires_in", 3600))


class IdentityTokens:
    """Tokens from an azure-identity credential, imported and created when the first one is needed."""

    def __init__(self, make: "Callable[[], TokenCredential]") -> None:
        self._make = make
        self._lock = threading.Lock()
        self._credential: TokenCredential | None = None

    def token(self, scope: str) -> str:
        """A token for `scope`; azure-identity caches and renews it."""
        from azure.core.exceptions import ClientAuthenticationError

        with self._lock:
            self._credential = self._credential or self._make()
        try:
            return self._credential.get_token(scope).token
        except ClientAuthenticationError as error:
            raise AzureError(f"Azure gave no token: {error.message}") from error


def token_source(settings: AzureSettings, cloud: Cloud, http: Http) -> TokenSource:
    """The token source for the identity that the settings describe."""
    if cloud.local and settings.client_secret and not settings.use_oidc:
        return ClientCredentials(settings, cloud, http)
    return IdentityTokens(lambda: credential(settings, cloud))


def credential(settings: AzureSettings, cloud: Cloud) -> "TokenCredential":
    """The azure-identity credential azure-native would use for these settings.

    The order is azure-native's: the default chain where requested, certificate, secret, OIDC, managed
    identity, and last the Azure CLI. Raises AzureError when the selected method lacks a setting it needs.
    """
    from azure import identity

    login: dict[str, Any] = {
        "authority": urlsplit(cloud.login).netloc,
        "disable_instance_discovery": settings.disable_instance_discovery or cloud.local,
    }
    if settings.use_default_azure_credential:
        return identity.DefaultAzureCredential(authority=login["authority"])
    if settings.client_certificate_path:
        tenant, client = _needed(settings, "tenant_id", "client_id")
        return identity.CertificateCredential(
            tenant,
            client,
            settings.client_certificate_path,
            password=settings.client_certificate_password,
            **login,
        )
    if settings.client_secret:
        tenant, client = _needed(settings, "tenant_id", "client_id")
        return identity.ClientSecretCredential(tenant, client, settings.client_secret, **login)
    if settings.use_oidc:
        tenant, client = _needed(settings, "tenant_id", "client_id")
        return identity.ClientAssertionCredential(tenant, client, _assertion(settings), **login)
    if settings.use_msi:
        return identity.ManagedIdentityCredential(client_id=settings.client_id)
    return identity.AzureCliCredential(tenant_id=settings.tenant_id or "")


def _needed(settings: AzureSettings, *names: str) -> list[str]:
    missing = [f"ARM_{name.upper()}" for name in names if not getattr(settings, name)]
    if missing:
        raise AzureError(f"this way of logging in also needs {' and '.join(missing)}")
    return [str(getattr(settings, name)) for name in names]


def _assertion(settings: AzureSettings) -> Callable[[], str]:
    """Gets the OIDC token: from the settings, from a file (read each time) or the pipeline's service."""
    if settings.oidc_token:
        token = settings.oidc_token
        return lambda: token
    if settings.oidc_token_file_path:
        from pathlib import Path

        file = Path(settings.oidc_token_file_path)
        return lambda: file.read_text(encoding="utf-8").strip()
    if settings.oidc_request_url and settings.oidc_request_token:
        return lambda: _asked(settings)
    raise AzureError(
        "ARM_USE_OIDC is set but there is no token: set ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH, or "
        "ARM_OIDC_REQUEST_URL with ARM_OIDC_REQUEST_TOKEN"
    )


def _asked(settings: AzureSettings) -> str:
    """A token from the pipeline's own service, such as that of GitHub Actions."""
    url = f"{settings.oidc_request_url}&audience={quote('api://AzureADTokenExchange', safe='')}"
    answer = Http().request("GET", url, headers={"Authorization": f"Bearer {settings.oidc_request_token}"})
    if answer.status != 200:
        raise AzureError(f"the pipeline's OIDC service answered {answer.status}", status=answer.status)
    return str(json.loads(answer.content)["value"])
