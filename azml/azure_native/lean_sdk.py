"""Loads of azure-native's SDK only what a program declares.

A service's package of the SDK imports a module for each of its resource types, a hundred of them, where a
program uses three. Services that `install` has put in place import a module when a name of it is asked for,
and all of themselves when no module seems to have the name: none is missing, and the classes are the SDK's.
"""

import re
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

_SDK = "pulumi_azure_native"
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def install() -> None:
    """Put every service of the SDK in place; does nothing where the SDK is loaded already, or missing."""
    spec = find_spec(_SDK) if _SDK not in sys.modules else None
    for folder in spec.submodule_search_locations or () if spec else ():
        for package in Path(folder).glob("*/__init__.py"):
            _put_in_place(package)


def _put_in_place(package: Path) -> None:
    name = f"{_SDK}.{package.parent.name}"
    spec = spec_from_file_location(name, package, submodule_search_locations=[str(package.parent)])
    if spec is not None:
        service = module_from_spec(spec)
        service.__class__ = _Service
        sys.modules[name] = service


class _Service(ModuleType):
    """A service's package whose own code has not run yet."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"{self.__name__} has no {name}")
        for module in _likely(name):
            if Path(self.__path__[0], f"{module}.py").exists():
                found = import_module(f"{self.__name__}.{module}")
                if module == name and not hasattr(found, name):
                    return found
                if hasattr(found, name):
                    setattr(self, name, getattr(found, name))
                    return getattr(self, name)
        return self._whole(name)

    def __setattr__(self, name: str, value: Any) -> None:
        """A function has the name of its module: it is what the package has by that name."""
        if isinstance(value, ModuleType):
            value = getattr(value, name, value)
        super().__setattr__(name, value)

    def _whole(self, name: str) -> Any:
        """Run the package's own code, which loads all of it."""
        self.__class__ = ModuleType  # type: ignore[assignment]
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def _likely(name: str) -> list[str]:
    """The modules of a service in which a name of it may be, the likeliest first."""
    bare = re.sub("Args(Dict)?$", "", name)
    return [_WORD.sub("_", bare).lower(), name, "_enums" if bare == name else "_inputs"]
