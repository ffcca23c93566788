"""The provider protocol's messages, loaded without importing all of `pulumi`.

`import pulumi` takes most of a second, and an engine starts every plugin anew, twice a command when it
refreshes. The messages need nothing else of that package, so they are loaded with empty stand-ins for the
parent packages, which are removed afterwards: a later import of the real `pulumi` in the same process (in a
test, say) gets all of it.
"""

import importlib
import importlib.util
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi.runtime.proto import plugin_pb2, provider_pb2

__all__ = ["engine_messages", "plugin_pb2", "provider_pb2", "status_messages"]

_PARENTS = ("pulumi", "pulumi.runtime", "pulumi.runtime.proto")
# While they exist, the whole process sees the stand-ins, and the engine's calls come on many threads.
_LOADING = threading.Lock()


def load(name: str) -> ModuleType:
    """The module `name` of the protocols, such as `provider_pb2` or `language_pb2_grpc`; from any thread."""
    with _LOADING:
        return _load(name)


def _load(name: str) -> ModuleType:
    if "pulumi" in sys.modules:
        return importlib.import_module(f"{_PARENTS[-1]}.{name}")
    spec = importlib.util.find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("the package pulumi is not installed in this environment")
    root = Path(spec.submodule_search_locations[0])
    for parent, folder in zip(_PARENTS, (root, root / "runtime", root / "runtime" / "proto"), strict=True):
        bare = ModuleType(parent)
        bare.__path__ = [str(folder)]
        sys.modules[parent] = bare
    try:
        return importlib.import_module(f"{_PARENTS[-1]}.{name}")
    finally:
        for parent in _PARENTS:
            del sys.modules[parent]


if not TYPE_CHECKING:
    provider_pb2 = load("provider_pb2")
    plugin_pb2 = load("plugin_pb2")


def engine_messages() -> Any:
    """The messages of the engine's own service; loaded when something is first logged."""
    return load("engine_pb2")


def status_messages() -> Any:
    """google.rpc.Status, which carries the details of a failed call; loaded with the first failure."""
    return load("status_pb2")
