"""The process an engine starts for the plugin `azml`; the engine's address is its argument."""

import sys
from typing import TYPE_CHECKING

from azml.providers.azml import VERSION
from azml.providers.server import serve

if TYPE_CHECKING:
    from azml.providers.calls import Package


def load() -> "Package":
    """The plugin's package, which logs to the engine if there is one."""
    from azml.providers.azml.package import Azml

    return Azml(sys.argv[1] if len(sys.argv) > 1 else None)


serve(VERSION, load)
