"""Our own plugin: its resources and functions, and the Azure it connects to."""

from collections.abc import Callable, Mapping
from functools import partial

from typing_extensions import override

from azml.azure.arm import Arm
from azml.azure.settings import only_settings, read_settings
from azml.engine_values import Properties
from azml.findings import did_you_mean
from azml.providers.azml import VERSION
from azml.providers.azml.bundle_sources import BundleSources
from azml.providers.azml.bundle_uploads import BundleUpload
from azml.providers.azml.live_slots import LiveSlots
from azml.providers.azml.live_state import live_state
from azml.providers.azml.purge import PurgeOnDelete
from azml.providers.azml.quota import quota
from azml.providers.azml.role_grants import RoleGrant
from azml.providers.azml.schema import LIVE_STATE, QUOTA, SOURCES, schema
from azml.providers.azml.traffic import EndpointTraffic
from azml.providers.calls import Package, ProviderError, Resource
from azml.providers.engine_log import EngineLog


class Azml(Package):
    """Connects to the same Azure as azure-native, with the same identity.

    The engine passes a plugin only the settings of its own package. So a program passes azure-native's as the
    inputs of a provider resource of this package (`components/plugin.py`); ARM_* variables work by
    themselves.
    """

    def __init__(self, engine: str | None = None) -> None:
        self._log = EngineLog(engine)
        self._sources = BundleSources()
        self.configure({})

    @override
    def configure(self, settings: Properties) -> None:
        """Take azure-native's settings."""
        self._arm = Arm(read_settings(only_settings(settings)))
        self._live_slots = LiveSlots(self._arm, self._log)
        self._resources: Mapping[str, Resource] = {
            "azml:index:EndpointTraffic": EndpointTraffic(self._arm),
            "azml:index:LiveSlots": self._live_slots,
            "azml:index:PurgeOnDelete": PurgeOnDelete(self._arm, self._log),
            "azml:index:BundleUpload": BundleUpload(self._arm, self._log, self._sources),
            "azml:index:RoleGrant": RoleGrant(self._arm),
        }

    @override
    def resource(self, type_token: str) -> Resource:
        try:
            return self._resources[type_token]
        except KeyError:
            known = did_you_mean(type_token, self._resources)
            raise ProviderError(f"the plugin azml has no {type_token}: {known}") from None

    @override
    def invoke(self, token: str, arguments: Properties, preview: bool) -> Properties:
        """Answer a function call. Raises ProviderError for an unknown function."""
        functions: Mapping[str, Callable[[Properties], Properties]] = {
            LIVE_STATE: partial(live_state, self._arm, self._live_slots.refused),
            QUOTA: partial(quota, self._arm),
            SOURCES: self._sources.tell,
        }
        if token not in functions:
            raise ProviderError(f"the plugin azml has no function {token}: {did_you_mean(token, functions)}")
        return functions[token](arguments)

    @override
    def schema(self) -> Mapping[str, object]:
        """The schema of the resources and functions."""
        return schema(VERSION)

    @override
    def cancel(self) -> None:
        self._arm.cancel()
