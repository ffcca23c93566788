"""The Azure cloud to use: public, sovereign, or the one that a metadata host describes."""

from dataclasses import dataclass

from azml.azure.errors import AzureError
from azml.azure.http import Http, is_loopback
from azml.azure.settings import AzureSettings

_METADATA_PATH = "/metadata/endpoints?api-version=2022-09-01"


@dataclass(frozen=True)
class Cloud:
    """The addresses of one Azure cloud; none ends with a slash.

    `storage_suffix` is the part of a blob address after `<account>.blob.`.
    """

    name: str
    resource_manager: str
    login: str
    storage_suffix: str

    @property
    def scope(self) -> str:
        """The scope of a token for the resource manager."""
        return f"{self.resource_manager}/.default"

    @property
    def local(self) -> bool:
        """Whether this is the local Azure, on this machine."""
        return is_loopback(self.resource_manager) and is_loopback(self.login)


PUBLIC = Cloud(
    "AzureCloud",
    "https://management.azure.com",
    "https://login.microsoftonline.com",
    "core.windows.net",
)
_CHINA = Cloud(
    "AzureChinaCloud",
    "https://management.chinacloudapi.cn",
    "https://login.chinacloudapi.cn",
    "core.chinacloudapi.cn",
)
_GOVERNMENT = Cloud(
    "AzureUSGovernment",
    "https://management.usgovcloudapi.net",
    "https://login.microsoftonline.us",
    "core.usgovcloudapi.net",
)
# The names that azure-native's setting `environment` accepts.
_NAMED = {
    "public": PUBLIC,
    "azurecloud": PUBLIC,
    "azurepubliccloud": PUBLIC,
    "china": _CHINA,
    "azurechinacloud": _CHINA,
    "usgovernment": _GOVERNMENT,
    "azureusgovernment": _GOVERNMENT,
    "azureusgovernmentcloud": _GOVERNMENT,
}


def metadata_url(host: str) -> str:
    """The metadata address of `host`, which may include a scheme and a port."""
    return (host if "://" in host else f"https://{host}").rstrip("/") + _METADATA_PATH


def discover(settings: AzureSettings, http: Http) -> Cloud:
    """The cloud that the settings select. As in azure-native, a metadata host overrides `environment`.

    Raises AzureError for an unknown environment or a metadata host that gives no usable answer.
    """
    if settings.metadata_host:
        return _described(settings.metadata_host, http)
    name = (settings.environment or "public").lower()
    if name not in _NAMED:
        raise AzureError(f"unknown Azure environment {name!r}: one of public, china, usgovernment")
    return _NAMED[name]


def _described(host: str, http: Http) -> Cloud:
    url = metadata_url(host)
    answer = http.request("GET", url)
    if answer.status != 200:
        raise AzureError(
            f"GET {url} answered {answer.status}: this is not an Azure metadata host", status=answer.status
        )
    document = answer.json()
    entry = document[0] if isinstance(document, list) and document else document
    try:
        return Cloud(
            str(entry["name"]),
            str(entry["resourceManager"]).rstrip("/"),
            str(entry["authentication"]["loginEndpoint"]).rstrip("/"),
            str(entry["suffixes"]["storage"]),
        )
    except (KeyError, TypeError) as error:
        raise AzureError(f"GET {url} does not describe an Azure: {error} is missing") from error
