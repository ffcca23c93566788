"""The stand-in's plugin: its resources and functions, and the checks that keep it on the local Azure."""

import threading
from collections.abc import Mapping

from typing_extensions import override

from azml.azure.arm import Arm
from azml.azure.cloud import Cloud
from azml.azure.errors import AzureError
from azml.azure.http import is_loopback
from azml.azure.settings import AzureSettings, read_settings
from azml.azure_native.types import BY_TOKEN
from azml.engine_values import Properties
from azml.findings import did_you_mean
from azml.providers.calls import Package, ProviderError, Resource
from azml.providers.local_azure.invokes import Invokes
from azml.providers.local_azure.resource import ArmResource, Locations
from azml.providers.local_azure.schema import schema

_BLOB = "azure-native:storage:Blob"


class LocalAzure(Package):
    """Replaces azure-native, for the local Azure only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._resources: dict[str, Resource] = {}
        self._take(read_settings())

    def _take(self, settings: AzureSettings) -> None:
        self._arm = Arm(settings, vet=_only_local, policy_tokens=False)
        self._locations = Locations(self._arm, self.subscription)
        self._invokes = Invokes(self._arm, self.subscription)

    @override
    def configure(self, settings: Properties) -> None:
        """Read azure-native's settings and the environment's. Raises ProviderError unless they are local."""
        taken = read_settings(settings)
        host = taken.metadata_host
        if not host:
            raise ProviderError(
                "this stack uses the stand-in for azure-native, which reaches nothing but the local Azure, "
                "and none is named: run `azml emulator start`, then what `azml emulator env` prints"
            )
        if not is_loopback(host if "://" in host else f"https://{host}"):
            raise ProviderError(
                f"this stack uses the stand-in for azure-native, and the metadata host {host} is not on this "
                "machine: the stand-in reaches nothing but the local Azure"
            )
        self._take(taken)

    def subscription(self) -> str:
        """The subscription of every id. Raises ProviderError when none is set."""
        subscription = self._arm.settings.subscription_id
        if not subscription:
            raise ProviderError(
                "no subscription is set: set azure-native:subscriptionId or ARM_SUBSCRIPTION_ID "
                "(the line of `azml emulator env` does)"
            )
        return subscription

    @override
    def resource(self, type_token: str) -> Resource:
        with self._lock:
            if type_token not in self._resources:
                self._resources[type_token] = self._made(type_token)
            return self._resources[type_token]

    def _made(self, token: str) -> Resource:
        row = BY_TOKEN.get(token)
        if row is None:
            raise ProviderError(
                f"the local Azure has no {token}: {did_you_mean(token, BY_TOKEN)} "
                f"It knows {', '.join(name.removeprefix('azure-native:') for name in sorted(BY_TOKEN))}."
            )
        if token == _BLOB:
            from azml.providers.local_azure.blobs import Blob

            return Blob(row, self._arm, self.subscription, self._locations)
        return ArmResource(row, self._arm, self.subscription, self._locations)

    @override
    def invoke(self, token: str, arguments: Properties, preview: bool) -> Properties:
        return self._invokes.answer(token, arguments)

    @override
    def schema(self) -> Mapping[str, object]:
        """The schema of the resources in the table."""
        return schema()

    @override
    def cancel(self) -> None:
        self._arm.cancel()


def _only_local(cloud: Cloud) -> None:
    """Check the cloud too: a metadata host on this machine may describe addresses that are not."""
    if not cloud.local:
        raise AzureError(
            f"the metadata host describes {cloud.resource_manager}, which is not on this machine: "
            "the stand-in for azure-native reaches nothing but the local Azure"
        )
