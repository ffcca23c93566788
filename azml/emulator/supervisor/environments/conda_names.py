"""Maps a conda package to its Python package, with a table of names that is part of this package."""

from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("conda_names.txt")


def python_package(name: str) -> str | None:
    """The name of a conda package in the Python package index; None where the table has none.

    A package that is not in the table is never looked up there by its conda name: that may be another
    package.
    """
    return _table().get(name.lower())


@cache
def _table() -> dict[str, str]:
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: pypi or name for name, _, pypi in pairs}
