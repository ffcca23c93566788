"""The process an engine starts for the plugin `azml`; the engine's address is its argument."""

import sys
from typing import TYPE_CHECKING

from azml import quick_start
from azml.providers.azml import VERSION

quick_start.begin()
quick_start.load_grpc()
quick_start.without_aiohttp()
from azml.providers.server import serve  # noqa: E402 - it imports grpc

if TYPE_CHECKING:
    from azml.engine_values import Properties
    from azml.providers.calls import Package


def load() -> "Package":
    """The plugin's package, which logs to the engine if there is one."""
    from azml.providers.azml.package import Azml

    return Azml(sys.argv[1] if len(sys.argv) > 1 else None)


def check_settings(settings: "Properties") -> "Properties":
    """azure-native's settings; the stack's `azml:` settings, passed too, are for the program."""
    from azml.azure.settings import only_settings

    return only_settings(settings)


serve(VERSION, load, check_settings)
