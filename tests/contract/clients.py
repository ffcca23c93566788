"""Azure's generated clients by resource type: operations, and the models of their bodies and answers."""

import functools
import importlib
import importlib.util
import sys
from dataclasses import dataclass
from typing import Any

from scripts.published.operations import Operation
from scripts.published.sources import SOURCES, Source
from scripts.published.table import type_of


@dataclass(frozen=True)
class Known:
    """One operation with the client it is from."""

    source: Source
    operation: Operation

    def model(self, name: str) -> Any:
        """A model of the client by its name."""
        return getattr(_models(self.source), name)


@functools.cache
def operations() -> dict[tuple[str, str], Known]:
    """The operations on resources and collections, by method and by type with `:action` or `:list` behind."""
    found: dict[tuple[str, str], Known] = {}
    for source in SOURCES:
        wanted = {kind.lower() for kind in source.types}
        for operation in source.operations():
            for kind in (type_of(operation.path), _collection(operation)):
                if kind.partition(":")[0] in wanted:
                    found.setdefault((operation.method, kind), Known(source, operation))
    return found


def _collection(operation: Operation) -> str:
    """`type:action` for what is asked of one resource by POST, `type:list` for a collection."""
    above, _, last = operation.path.rstrip("/").rpartition("/")
    if operation.method == "POST":
        return f"{type_of(above)}:{last.lower()}"
    kind = type_of(f"{operation.path}/{{name}}")
    return f"{kind}:list" if operation.method == "GET" and kind else ""


@functools.cache
def _models(source: Source) -> Any:
    """The models. azure-ai-ml's are loaded from their folder: azure.ai.ml itself would take seconds."""
    if source.package.startswith("azure.mgmt."):
        parts = [source.package, *source.folder.split("/"), "models"]
        return importlib.import_module(".".join(part for part in parts if part))
    name = "published_" + source.prefix.rstrip(".")
    folder = source.path
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{name}.models")
