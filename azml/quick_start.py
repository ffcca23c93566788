"""What lets processes that live for seconds start sooner: less search for garbage, and modules that can wait.

Only the standard library: `azml/toolchain/child.py` runs this file in environments without azml.
"""

import gc
import sys
import threading
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

OBJECTS_BEFORE_GARBAGE = 100_000
"""Objects made before Python looks for garbage: its usual 700 is a fifth of what loading an SDK takes."""

GRPC = ("asyncio", "grpc.aio", "google.protobuf.internal.python_message")
"""What grpc and protobuf import for their asynchronous interface, and where nothing is compiled."""
PULUMI = ("pulumi.automation", "pulumi.dynamic", "psutil", *GRPC[1:])
"""What Pulumi's SDK and its libraries import for what few programs do. All need asyncio."""


def begin(*late: str) -> None:
    """Look for garbage seldom, and load the modules `late` when they are first used.

    A package imports them, and a process may never use them. Call it before that package is imported: where
    it is loaded already, or missing, nothing changes for its modules.
    """
    gc.set_threshold(OBJECTS_BEFORE_GARBAGE)
    specs = {name: _spec(name) for name in late if name.partition(".")[0] not in sys.modules}
    for name, spec in specs.items():
        if spec is not None:
            sys.modules[name] = module = module_from_spec(spec)
            module.__class__ = _Late
    if not any(isinstance(each, _Submodules) for each in sys.meta_path):
        sys.meta_path.insert(0, _Submodules())


def without_aiohttp() -> None:
    """Have azure-core import no aiohttp, which only its asynchronous clients need: for processes without one.

    It is an optional dependency of azure-core, whose clients do without where it is not installed.
    """
    sys.modules.setdefault("aiohttp", None)  # type: ignore[arg-type]  # Python's mark for what is not there


def _spec(name: str) -> ModuleSpec | None:
    """Where a module is, without importing the packages around it."""
    root, *inner = name.split(".")
    spec = find_spec(root)
    for folder in (spec.submodule_search_locations or ()) if spec and inner else ():
        place = Path(folder, *inner)
        if (package := place / "__init__.py").exists():
            return spec_from_file_location(name, package, submodule_search_locations=[str(place)])
        if (file := place.with_suffix(".py")).exists():
            return spec_from_file_location(name, file)
    return None if inner else spec


class _Late(ModuleType):
    """A module whose code has not run yet."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not _loaded(self):
            raise AttributeError(f"module {self.__name__} has no attribute {name}")
        return getattr(self, name)


_LOADING = threading.RLock()
_running: set[str] = set()


def _loaded(module: ModuleType) -> bool:
    """Run the module's code if that has not been done; other threads wait. False while it runs: not yet."""
    with _LOADING:
        if module.__name__ in _running:
            return False
        if type(module) is _Late and module.__spec__ and module.__spec__.loader:
            _running.add(module.__name__)
            try:
                module.__spec__.loader.exec_module(module)
                module.__class__ = ModuleType  # type: ignore[assignment]
            finally:
                _running.discard(module.__name__)
        return True


class _Submodules:
    """Runs a package's own code before a submodule is imported, as Python does, which may import it too."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Where a module is that its package has imported meanwhile; else it is looked for as ever."""
        package = sys.modules.get(name.rpartition(".")[0])
        if type(package) is _Late and _loaded(package) and (module := sys.modules.get(name)):
            loader: Any = _Imported(module)  # not derived from importlib's classes: those take long to import
            module.__spec__ = ModuleSpec(name, loader)  # Python takes it from there
            return module.__spec__
        return None


class _Imported:
    """Has a module that is there already take the place of one to be made."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module that is there."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Only give it back its own description."""
        module.__spec__ = self._spec
