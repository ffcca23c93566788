"""The function calls of azure-native that the stand-in answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from azml.azure.arm import Arm
from azml.azure_native import shapes
from azml.azure_native.sdk import resource_type
from azml.azure_native.types import BY_TOKEN, Row
from azml.engine_values import Properties
from azml.findings import did_you_mean
from azml.providers.calls import ProviderError
from azml.providers.codec import has_unknown, without_nulls
from azml.providers.local_azure.names import address


@dataclass(frozen=True)
class Action:
    """A POST below a resource: its row, the last segment of the path, the arguments in the body."""

    resource: str
    action: str
    body: frozenset[str] = frozenset()


_ML = "azure-native:machinelearningservices"
_LOG = "azure-native:operationalinsights:Workspace"
ACTIONS: Mapping[str, Action] = {
    f"{_ML}:listOnlineEndpointKeys": Action(f"{_ML}:OnlineEndpoint", "listKeys"),
    f"{_ML}:getOnlineEndpointToken": Action(f"{_ML}:OnlineEndpoint", "token"),
    f"{_ML}:getOnlineDeploymentLogs": Action(
        f"{_ML}:OnlineDeployment", "getLogs", frozenset({"containerType", "tail"})
    ),
    f"{_ML}:listServerlessEndpointKeys": Action(f"{_ML}:ServerlessEndpoint", "listKeys"),
    f"{_ML}:listBatchEndpointKeys": Action(f"{_ML}:BatchEndpoint", "listKeys"),
    f"{_ML}:listDatastoreSecrets": Action(
        f"{_ML}:Datastore", "listSecrets", frozenset({"expirableSecret", "expireAfterHours"})
    ),
    f"{_ML}:listWorkspaceKeys": Action(f"{_ML}:Workspace", "listKeys"),
    "azure-native:storage:listStorageAccountKeys": Action("azure-native:storage:StorageAccount", "listKeys"),
    "azure-native:containerregistry:listRegistryCredentials": Action(
        "azure-native:containerregistry:Registry", "listCredentials"
    ),
    "azure-native:operationalinsights:getSharedKeys": Action(_LOG, "sharedKeys"),
    "azure-native:operationalinsights:getWorkspaceSharedKeys": Action(_LOG, "sharedKeys"),
}
_CONFIG = "azure-native:authorization:getClientConfig"
_TOKEN = "azure-native:authorization:getClientToken"  # noqa: S105 - the name of a function


def _getter(token: str) -> Row | None:
    """The row that has `token` as its `get` function."""
    module, _, function = token.rpartition(":")
    return BY_TOKEN.get(f"{module}:{function.removeprefix('get')}") if function.startswith("get") else None


class Invokes:
    """Answers function calls, using one Azure."""

    def __init__(self, arm: Arm, subscription: Callable[[], str]) -> None:
        self._arm = arm
        self._subscription = subscription

    def answer(self, token: str, arguments: Properties) -> Properties:
        """The result of the function `token`. Raises ProviderError for an unknown one."""
        given = without_nulls(arguments)
        if has_unknown(given):
            return {}
        if token == _CONFIG:
            return self._client_config()
        if token == _TOKEN:
            return {"token": self._arm.token(_scope(given.get("endpoint")))}
        if token in ACTIONS:
            return self._act(ACTIONS[token], given)
        row = _getter(token)
        if row is None:
            known = [*ACTIONS, _CONFIG, _TOKEN, *(_get_token(name) for name in BY_TOKEN)]
            raise ProviderError(
                f"the local Azure has no function {token!r}: {did_you_mean(token, sorted(known))}"
            )
        return self._get(row, given)

    def _act(self, action: Action, given: Properties) -> Properties:
        row = BY_TOKEN[action.resource]
        place = f"{address(row.path, self._subscription(), given)}/{action.action}"
        body = {key: value for key, value in given.items() if key in action.body}
        result: Properties = without_nulls(self._arm.post(place, row.api_version, body))
        return result

    def _get(self, row: Row, given: Properties) -> Properties:
        place = address(row.path, self._subscription(), given)
        resource = self._arm.get(place, row.api_version)
        if resource is None:
            raise ProviderError(f"404 NotFound: there is no {place}")
        return {**shapes.outputs(row, resource_type(row.token), resource), "id": resource.get("id", place)}

    def _client_config(self) -> Properties:
        settings = self._arm.settings
        claims = _claims(self._arm.token())
        return {
            "clientId": settings.client_id or claims.get("appid", ""),
            "objectId": claims.get("oid", ""),
            "subscriptionId": self._subscription(),
            "tenantId": settings.tenant_id or claims.get("tid", ""),
        }


def _get_token(resource: str) -> str:
    module, _, name = resource.rpartition(":")
    return f"{module}:get{name}"


def _scope(endpoint: object) -> str | None:
    return f"{str(endpoint).rstrip('/')}/.default" if endpoint else None


def _claims(token: str) -> dict[str, str]:
    """The claims of a JWT, unverified because it is our own. Empty if `token` is not a JWT."""
    import base64
    import json

    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return {key: value for key, value in claims.items() if isinstance(value, str)}
    except (IndexError, ValueError):
        return {}
