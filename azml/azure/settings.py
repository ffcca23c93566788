"""Identity and cloud, from the sources azure-native reads, so that every tool here uses the same ones.

Configuration (`azure-native:clientId` and so on) comes first, then the ARM_* variables, as azure-native reads
them (https://www.pulumi.com/registry/packages/azure-native/installation-configuration/).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class AzureSettings:
    """Every azure-native setting about identity and cloud; None for those not given."""

    subscription_id: str | None = None
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    client_certificate_path: str | None = None
    client_certificate_password: str | None = field(default=None, repr=False)
    environment: str | None = None
    metadata_host: str | None = None
    location: str | None = None
    disable_instance_discovery: bool = False
    use_oidc: bool = False
    oidc_token: str | None = field(default=None, repr=False)
    oidc_token_file_path: str | None = None
    oidc_request_token: str | None = field(default=None, repr=False)
    oidc_request_url: str | None = None
    use_msi: bool = False
    msi_endpoint: str | None = None
    use_default_azure_credential: bool = False


# Field -> (configuration key, environment variables in the order they are read).
_SOURCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "subscription_id": ("subscriptionId", ("ARM_SUBSCRIPTION_ID",)),
    "tenant_id": ("tenantId", ("ARM_TENANT_ID",)),
    "client_id": ("clientId", ("ARM_CLIENT_ID",)),
    "client_secret": ("clientSecret", ("ARM_CLIENT_SECRET",)),
    "client_certificate_path": ("clientCertificatePath", ("ARM_CLIENT_CERTIFICATE_PATH",)),
    "client_certificate_password": ("clientCertificatePassword", ("ARM_CLIENT_CERTIFICATE_PASSWORD",)),
    "environment": ("environment", ("ARM_ENVIRONMENT",)),
    "metadata_host": ("metadataHost", ("ARM_METADATA_HOSTNAME",)),
    "location": ("location", ("ARM_LOCATION",)),
    "disable_instance_discovery": ("disableInstanceDiscovery", ("ARM_DISABLE_INSTANCE_DISCOVERY",)),
    "use_oidc": ("useOidc", ("ARM_USE_OIDC",)),
    "oidc_token": ("oidcToken", ("ARM_OIDC_TOKEN",)),
    "oidc_token_file_path": ("oidcTokenFilePath", ("ARM_OIDC_TOKEN_FILE_PATH",)),
    "oidc_request_token": (
        "oidcRequestToken",
        ("ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
    ),
    "oidc_request_url": ("oidcRequestUrl", ("ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL")),
    "use_msi": ("useMsi", ("ARM_USE_MSI",)),
    "msi_endpoint": ("msiEndpoint", ("ARM_MSI_ENDPOINT",)),
    "use_default_azure_credential": (
        "useDefaultAzureCredential",
        ("ARM_USE_DEFAULT_AZURE_CREDENTIAL",),
    ),
}
SETTING_NAMES = tuple(key for key, _ in _SOURCES.values())
"""azure-native's names for its settings, without `azure-native:`."""
SECRET_NAMES = frozenset({"clientSecret", "clientCertificatePassword", "oidcToken", "oidcRequestToken"})
"""Those whose values are secret."""
_FLAGS = frozenset({"disable_instance_discovery", "use_oidc", "use_msi", "use_default_azure_credential"})


def read_settings(
    config: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> AzureSettings:
    """The settings from `config` (keys without `azure-native:`), then `environ` (default: the process's)."""
    config, environ = config or {}, os.environ if environ is None else environ
    found: dict[str, Any] = {}
    for name, (key, variables) in _SOURCES.items():
        values = [config.get(key), *(environ.get(variable) for variable in variables)]
        value = next((item for item in values if item not in (None, "")), None)
        if name in _FLAGS:
            found[name] = str(value).lower() in ("true", "1")
        elif value is not None:
            found[name] = str(value)
    return AzureSettings(**found)


def only_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of `values` that are azure-native settings, by azure-native's names."""
    return {key: value for key, value in values.items() if key in SETTING_NAMES}
