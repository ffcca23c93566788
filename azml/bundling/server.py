"""Adds the inference server to a conda file that lacks it."""

import re

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .conda import read_spec
from .pip_section import is_hashed, requirement_of

SERVER = "azureml-inference-server-http"
BRINGS_SERVER = frozenset((SERVER, "azureml-defaults"))
# Without a bound, pip may choose a server that is years old to satisfy other packages.
SERVER_REQUIREMENT = f"{SERVER}>=1.5.1"
# The requirements of 1.5.1 (its metadata of 2026) and of its pydantic. Patch releases may differ: a pin that
# is judged wrongly leads to a missing bound, or to an error of the image build.
NEEDS = {
    "flask": "~=3.1.0",
    "flask-cors": "~=6.0.0",
    "gunicorn": ">=23.0.0",
    "inference-schema": "~=1.8.0",
    "opentelemetry-api": "==1.33.0",
    "opentelemetry-sdk": "==1.33.0",
    "pydantic": "~=2.12.0",
    "typing-extensions": ">=4.14.1",
    "werkzeug": ">=3.0.3",
    "certifi": ">=2024.7.4",
}
NEEDS_PYTHON = ">=3.9"


def with_server(text: str) -> tuple[str, str]:
    """A checked conda file with the inference server in its pip section, and what was added, if anything.

    Where a pin of the file leaves no server from 1.5.1, it is added without a bound: the image build then
    takes the newest that fits.
    """
    document = yaml.safe_load(text)
    packages = [item for item in document["dependencies"] if isinstance(item, str)]
    pips = [item["pip"] for item in document["dependencies"] if isinstance(item, dict)]
    lines = [line for pip in pips for line in pip]
    names = {_conda_name(package) for package in packages}
    if (names | {_pip_name(line) for line in lines}) & BRINGS_SERVER:
        return text, ""
    added = SERVER if in_the_way(text) else SERVER_REQUIREMENT
    if pips:
        pips[0].append(added)
    else:
        document["dependencies"] += [*([] if "pip" in names else ["pip"]), {"pip": [added]}]
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True), added


def lacks_hash(text: str) -> bool:
    """Whether a checked conda file has hashes and no inference server: one added would have none."""
    lines = [
        line
        for item in yaml.safe_load(text)["dependencies"]
        if isinstance(item, dict)
        for line in item["pip"]
    ]
    return any(is_hashed(line) for line in lines) and with_server(text)[1] != ""


def in_the_way(text: str) -> str:
    """The pin of a checked conda file that leaves no server from 1.5.1; empty when none does."""
    for item in yaml.safe_load(text)["dependencies"]:
        if isinstance(item, str):
            if _conda_name(item) == "python" and not _meets(NEEDS_PYTHON, _conda_version(item)):
                return item
            continue
        # Only pip's: pip replaces a conda package that conflicts with the server.
        for line in item["pip"]:
            requirement = requirement_of(line)
            if requirement and not _leaves(requirement):
                return str(requirement)
    return ""


def _leaves(requirement: Requirement) -> bool:
    need = NEEDS.get(canonicalize_name(requirement.name))
    return need is None or requirement.url is not None or _meets(need, str(requirement.specifier))


def _meets(need: str, written: str) -> bool:
    """Whether some version satisfies both: tries the versions they name, and some later ones."""
    try:
        wanted, given = SpecifierSet(need), SpecifierSet(written)
    except InvalidSpecifier:
        return True
    return any(version in wanted and version in given for version in _tries(wanted, given))


def _tries(*sets: SpecifierSet) -> list[Version]:
    tries = []
    for one in (one for each in sets for one in each):
        bare = one.version.removesuffix(".*")
        for text in (bare, f"{bare}.0", f"{bare}.99", f"{bare.rpartition('.')[0] or bare}.99", "9999"):
            try:
                tries.append(Version(text))
            except InvalidVersion:
                continue
    return tries


def _conda_name(package: str) -> str:
    spec = read_spec(package)
    return "" if isinstance(spec, str) or spec.name is None else canonicalize_name(spec.name.normalized)


def _conda_version(package: str) -> str:
    spec = read_spec(package)
    version = "" if isinstance(spec, str) else spec.version or ""
    return f"=={version}" if re.match(r"\d", version) else "" if version == "*" else version


def _pip_name(line: str) -> str:
    requirement = requirement_of(line)
    return canonicalize_name(requirement.name) if requirement else ""
