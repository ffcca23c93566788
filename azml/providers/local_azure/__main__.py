"""The process an engine starts in place of azure-native's plugin."""

from typing import TYPE_CHECKING

from azml.azure_native import VERSION
from azml.providers.server import serve

if TYPE_CHECKING:
    from azml.providers.calls import Package


def load() -> "Package":
    """The stand-in's package."""
    from azml.providers.local_azure.package import LocalAzure

    return LocalAzure()


serve(VERSION, load)
