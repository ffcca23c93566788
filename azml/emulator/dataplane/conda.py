"""A conda file read as pip would need it: the local Azure installs with uv, from the Python package index."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

from azml.emulator.dataplane.failures import EnvironmentFailure

SERVER = "azureml-inference-server-http"
SERVER_FLOOR = f"{SERVER}>=1.5.1"
"""Without a floor, resolvers please an mlflow or a pydantic by going back to a server of years ago."""

# Where conda and the Python package index know the same thing by different names.
_NAMES = {
    "pytorch": "torch",
    "py-xgboost": "xgboost",
    "py-opencv": "opencv-python",
    "msgpack-python": "msgpack",
    "pytables": "tables",
    "matplotlib-base": "matplotlib",
}
# What conda brings and a Python wheel carries inside, or the machine has.
_NOT_PYTHON = re.compile(r"_?(lib.*|cudatoolkit|cudnn|openssl|nomkl|mkl|ca-certificates|gcc.*|gxx.*|git)")
_SPEC = re.compile(r"(?:[\w./-]+::)?(?P<name>[A-Za-z0-9_.-]+)\s*(?P<rest>.*)", re.DOTALL)
_SEPARATOR = re.compile(r"[-_.]+")


@dataclass(frozen=True)
class Requirements:
    """What an environment holds: requirement lines as pip reads them, and the Python asked for.

    `python` is a version such as `3.10`, or a range such as `>=3.9`, or None where the file names none.
    `dropped` are conda packages that have no counterpart among Python packages.
    """

    lines: tuple[str, ...]
    python: str | None = None
    dropped: tuple[str, ...] = ()


def read_conda(text: str) -> Requirements:
    """The requirements of a conda file. Raises EnvironmentFailure when the text is no conda file."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as broken:
        raise EnvironmentFailure(f"the conda file is not valid YAML: {broken}") from broken
    dependencies = document.get("dependencies") if isinstance(document, dict) else None
    if not isinstance(dependencies, list):
        raise EnvironmentFailure("the conda file has no list of dependencies")
    lines: list[str] = []
    dropped: list[str] = []
    python: str | None = None
    for entry in dependencies:
        if isinstance(entry, dict):
            lines += _pip_section(entry)
            continue
        name, version = _conda_spec(str(entry))
        if name == "python":
            python = _python(version)
        elif _NOT_PYTHON.fullmatch(name):
            dropped.append(name)
        elif name != "pip":
            lines.append(f"{_NAMES.get(name, name)}{version}")
    return Requirements(tuple(lines), python, tuple(dropped))


def read_requirements(text: str) -> Requirements:
    """The requirements of a pip requirements file, comments left out."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return Requirements(tuple(line for line in lines if line))


def with_server(requirements: Requirements) -> Requirements:
    """The same with the inference server, at least 1.5.1 unless the file pins it or brings it itself."""
    names = {distribution(line) for line in requirements.lines}
    if "azureml-defaults" in names or any(
        distribution(line) == SERVER and re.search(r"[=<>~!]", line) for line in requirements.lines
    ):
        return requirements
    kept = tuple(line for line in requirements.lines if distribution(line) != SERVER)
    return Requirements((*kept, SERVER_FLOOR), requirements.python, requirements.dropped)


def distribution(line: str) -> str:
    """The normalised name a requirement line is about; empty for an option such as `--pre`."""
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    return _SEPARATOR.sub("-", found.group()).lower() if found else ""


def _pip_section(entry: dict[Any, Any]) -> list[str]:
    section = entry.get("pip") or []
    if set(entry) != {"pip"} or not isinstance(section, list):
        raise EnvironmentFailure(f"the conda file has a section that is no list of pip packages: {entry}")
    lines = [str(line).strip() for line in section]
    for line in lines:
        if line.startswith(("-r", "--requirement", "-c", "--constraint", "-e", "--editable", ".")):
            raise EnvironmentFailure(
                f"the conda file's pip section names another file, which is not here: {line}"
            )
    return lines


def _conda_spec(entry: str) -> tuple[str, str]:
    """Name and version of `channel::name=1.2=build`, the version as pip writes it."""
    found = _SPEC.fullmatch(entry.strip())
    if found is None:
        raise EnvironmentFailure(f"the conda file has a dependency that cannot be read: {entry!r}")
    return found["name"].lower(), _version(found["rest"].strip())


def _version(rest: str) -> str:
    if not rest or rest == "*":
        return ""
    if rest.startswith("=="):
        return "==" + rest[2:].split("=")[0].strip()
    if rest.startswith("="):
        return _prefix(re.split(r"[=\s]", rest[1:].strip())[0])
    if rest[0] in "<>!~":
        # Conda reads >=1.2.* as >=1.2; pip refuses it.
        return re.sub(r"([<>]=?[^,]*?)\.\*", r"\1", re.sub(r"\s+", "", rest))
    words = rest.split()
    return f"=={words[0]}" if len(words) > 1 else _prefix(words[0])


def _prefix(version: str) -> str:
    """Conda's `name=1.2` takes every 1.2.x."""
    bare = version.removesuffix("*").rstrip(".")
    return f"=={bare}.*" if bare else ""


def _python(version: str) -> str | None:
    """What to ask uv for: `3.10` for any pin, patch numbers left out, or a range as it stands."""
    pinned = re.match(r"==(\d+(?:\.\d+)?)", version)
    return pinned.group(1) if pinned else version or None
