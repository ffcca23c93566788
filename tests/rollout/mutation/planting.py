"""Puts a mutant into the module that is loaded: its function gets other code, whoever has imported it."""

import importlib
import sys
from types import CodeType, FunctionType, ModuleType
from typing import Any

from azml.rollout.deciding import replaying
from azml.rollout.journals import records
from tests.rollout.mutation.operators import Mutant

PACKAGE = "azml.rollout"


def plant(mutant: Mutant) -> None:
    """From now on the function does what the mutant does. What was remembered of it is forgotten."""
    module = importlib.import_module(f"{PACKAGE}.{mutant.module}")
    code = compile(mutant.tree, str(module.__file__), "exec")
    for name in mutant.function.split("."):
        code = next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name)
    live(module, mutant.function).__code__ = code
    forget()


def live(module: ModuleType, function: str) -> FunctionType:
    """A function or method of a module, without what is wrapped around it."""
    holder, _, name = function.rpartition(".")
    found: Any = vars(getattr(module, holder) if holder else module)[name]
    while not isinstance(found, FunctionType):
        found = getattr(found, "fget", None) or getattr(found, "__wrapped__", None) or found.__func__
    return found


def forget() -> None:
    """Empty everything in which our modules keep results."""
    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGE):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
    records.WRITERS.clear()
    replaying.LAST.clear()
