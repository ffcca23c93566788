"""Which Python package a conda package is, by a table of names that is part of this package."""

from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("conda_names.txt")


def python_package(name: str) -> str | None:
    """The name that the Python package index has for a conda package; None where the table knows none.

    What is in no table is never looked for there by its conda name: it may be a stranger's.
    """
    return _table().get(name.lower())


@cache
def _table() -> dict[str, str]:
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: pypi or name for name, _, pypi in pairs}
