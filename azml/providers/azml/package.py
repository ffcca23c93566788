"""Our own plugin: what it offers, and which Azure it talks to."""

import json
import os
from collections.abc import Mapping

from azml.azure.arm import Arm
from azml.azure.settings import azure_native_config, read_settings
from azml.findings import did_you_mean
from azml.providers.azml.live_slots import LiveSlots
from azml.providers.azml.schema import schema
from azml.providers.azml.traffic import EndpointTraffic
from azml.providers.calls import ProviderError, Resource
from azml.providers.codec import Properties
from azml.providers.engine_log import EngineLog

VERSION = "0.1.0"


class Azml:
    """Talks to the Azure that azure-native talks to, as the same identity; has no settings of its own."""

    version = VERSION

    def __init__(self, engine: str | None = None) -> None:
        self._arm = Arm(read_settings(_stack_settings()))
        self._resources: Mapping[str, Resource] = {
            "azml:index:EndpointTraffic": EndpointTraffic(self._arm),
            "azml:index:LiveSlots": LiveSlots(self._arm, EngineLog(engine)),
        }

    def check_settings(self, settings: Properties) -> Properties:
        """None: an engine hands over all of the stack's `azml:` settings, and those are the program's."""
        return {}

    def configure(self, settings: Properties) -> None:
        """Nothing to take."""

    def resource(self, type_token: str) -> Resource:
        """The resource type. Raises ProviderError for another one."""
        try:
            return self._resources[type_token]
        except KeyError:
            known = did_you_mean(type_token, self._resources)
            raise ProviderError(f"the plugin azml has no {type_token}: {known}") from None

    def invoke(self, token: str, arguments: Properties, preview: bool) -> Properties:
        """There are no functions."""
        raise ProviderError(f"the plugin azml has no function {token}")

    def schema(self) -> Mapping[str, object]:
        """The schema of both resources."""
        return schema(VERSION)

    def cancel(self) -> None:
        """End every wait."""
        self._arm.cancel()


def _stack_settings() -> dict[str, object]:
    """azure-native's part of the stack's configuration, which an engine hands to every plugin it starts."""
    try:
        config = json.loads(os.environ.get("PULUMI_CONFIG") or "{}")
    except ValueError:
        return {}
    return azure_native_config(config) if isinstance(config, dict) else {}
