"""The process an engine starts in place of azure-native's plugin."""

from typing import TYPE_CHECKING

from azml import quick_start
from azml.azure_native import VERSION

quick_start.begin()
quick_start.load_grpc()
from azml.providers.server import serve  # noqa: E402 - it imports grpc

if TYPE_CHECKING:
    from azml.engine_values import Properties
    from azml.providers.calls import Package


def load() -> "Package":
    """The stand-in's package."""
    from azml.providers.local_azure.package import LocalAzure

    return LocalAzure()


def check_settings(settings: "Properties") -> "Properties":
    """All of them belong in the provider's state, as with azure-native."""
    return settings


serve(VERSION, load, check_settings)
