"""Which statuses Microsoft's own clients accept, by method and path: read off the clients that are installed.

A client raises for any other status, so an answer with another one is wrong whatever it says.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from sysconfig import get_paths

PACKAGES = (
    "ai/ml/_restclient/arm_ml_service",
    "mgmt/applicationinsights",
    "mgmt/authorization",
    "mgmt/keyvault",
    "mgmt/loganalytics",
    "mgmt/msi",
    "mgmt/resource",
    "mgmt/storage",
)
"""Below the folder `azure`. They are read, not imported: azure-ai-ml takes seconds."""
_BUILDER = re.compile(r"^def (build_\w+)_request\(.*?(?=^def |^class )", re.MULTILINE | re.DOTALL)
_ADDRESS = re.compile(r'(?:"template_url",\s*|_url = \(?\s*)((?:"[^"]*"\s*)+)')
_METHOD = re.compile(r'HttpRequest\(\s*method="(\w+)"')
_USE = re.compile(r"(build_\w+)_request\((?:(?!build_).)*?status_code not in \[([\d, ]+)\]", re.DOTALL)
_PART = re.compile(r"\{\w+\}")


@cache
def accepted() -> dict[tuple[str, str], frozenset[int]]:
    """Statuses by method and path; parts of the path are `{}`, all in lower case.

    A client of several API versions accepts what any of them answers with.
    """
    found: dict[tuple[str, str], frozenset[int]] = {}
    for file in _files():
        for key, statuses in _operations(file.read_text()):
            found[key] = found.get(key, frozenset()) | statuses
    return found


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        folder = Path(get_paths()["purelib"]) / "azure" / package
        assert folder.is_dir(), folder
        yield from (file for file in folder.rglob("*operations.py") if "aio" not in file.parts)


def _operations(source: str) -> Iterator[tuple[tuple[str, str], frozenset[int]]]:
    builders = {}
    for builder in _BUILDER.finditer(source):
        address, method = _ADDRESS.search(builder[0]), _METHOD.search(builder[0])
        if address and method:
            path = "".join(re.findall(r'"([^"]*)"', address[1])).lower()
            builders[builder[1]] = (method[1], _PART.sub("{}", path))
    for use in _USE.finditer(source):
        if use[1] in builders:
            yield builders[use[1]], frozenset(int(status) for status in use[2].split(","))
