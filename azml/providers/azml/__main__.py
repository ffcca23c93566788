"""The process an engine starts for the plugin `azml`; the engine's address is its argument."""

import sys

from azml.providers.azml.package import Azml
from azml.providers.server import serve

serve(Azml(sys.argv[1] if len(sys.argv) > 1 else None))
