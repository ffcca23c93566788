"""What pyproject.toml says of packages that we import, and what no supported Python may come across.

`make lint` checks the import arrows themselves.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVICES = "pulumi_azure_native"


def test_mypy_reads_the_types_of_each_azure_native_service_in_use() -> None:
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    named = {
        name
        for one in overrides
        if one.get("follow_imports") == "normal"
        for name in one["module"]
        if name.startswith(SERVICES)
    }
    used = {f"{SERVICES}.{service}.*" for service in _services()}
    assert used
    assert not used - named, "without its name in pyproject.toml, everything of a service has the type Any"


def test_nothing_is_raised_in_an_except_star() -> None:
    """Before Python 3.11.4 it arrives in a group of its own, which nobody catches."""
    star = re.compile(r"^\s*except\*", re.MULTILINE)
    files = [path for folder in ("azml", "components") for path in (ROOT / folder).rglob("*.py")]
    assert [path for path in files if star.search(path.read_text(encoding="utf-8"))] == []


def _services() -> Iterator[str]:
    """The services that our code imports."""
    for folder in ("azml", "components", "benchmarks", "examples", "tests"):
        for text in (path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(text)) if SERVICES in text else ():
                if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == SERVICES:
                    parts = (node.module or "").split(".")
                    yield from parts[1:2] or [alias.name for alias in node.names]
