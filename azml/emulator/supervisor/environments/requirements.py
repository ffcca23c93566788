"""What a deployment's environment contains, and the attempts to install it, best first."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from azml.emulator.base.failures import EnvironmentFailure
from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.supervisor.environments.conda import (
    CondaFile,
    Mapped,
    distribution,
    mapped,
    read_conda,
    read_requirements,
)
from azml.emulator.supervisor.environments.images import contents_of, unknown
from azml.emulator.supervisor.environments.pip_lines import with_files

SERVER = "azureml-inference-server-http"
SERVER_FLOOR = f"{SERVER}>=1.5.1"
"""Without a minimum, resolvers choose a years-old server to satisfy pins of mlflow or pydantic."""
BRINGS_SERVER = "azureml-defaults"
PKG_RESOURCES = "setuptools<81"
"""Servers before 1.5 need pkg_resources, through gunicorn and opencensus; setuptools 82 removed it."""


_NEW = Version("1.5")
_OLD = ("0.8.4", "1.0.0", "1.1.0", "1.2.2", "1.3.4", "1.4.1")


@dataclass(frozen=True)
class Requirements:
    """What an environment contains.

    `lines` are requirements for pip. `conda` is the file that asks for conda's packages, None if there is
    none; `mapped` are its packages as pip requirements. `python` is the version or range asked for. `notes`
    are logged when the environment is built.
    """

    lines: tuple[str, ...]
    python: str | None = None
    mapped: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    conda: CondaFile | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """One way to ask for the inference server. `note` is logged when this attempt succeeds."""

    lines: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    note: str = ""


def requirements_of(deployment: DesiredDeployment) -> Requirements:
    """What a deployment's environment contains: from its conda file, from an MLflow model's own files, or
    from what is known of its image. The inference server is added by `attempts`.

    Raises EnvironmentFailure when they cannot be read.
    """
    if deployment.conda:
        return of_conda(read_conda(deployment.conda))
    if deployment.mlflow and deployment.model_folder:
        asked = _of_model(mlflow_root(deployment.model_folder))
        return _and(asked, "azureml-ai-monitoring") if deployment.collected_frames else asked
    known = contents_of(deployment.image) if deployment.image else None
    if known:
        note = f"the image {deployment.image} is known to hold {', '.join(known.lines)}"
        return Requirements(known.lines, known.python, notes=(note,))
    return Requirements((), notes=(f"warning: {unknown(deployment.image)}",) if deployment.image else ())


def mlflow_root(model_folder: Path) -> Path:
    """The folder with the MLmodel file: the model folder itself, or the one folder inside it.

    Raises EnvironmentFailure when there is none.
    """
    candidates = (model_folder, *sorted(path for path in model_folder.iterdir() if path.is_dir()))
    for candidate in candidates:
        if (candidate / "MLmodel").is_file():
            return candidate
    raise EnvironmentFailure("the MLflow model has no MLmodel file")


def of_conda(file: CondaFile) -> Requirements:
    """A conda file's requirements. Where pip's section names a package too, pip's line wins."""
    found: Mapped = mapped(file.packages)
    pip = {distribution(line) for line in file.pip}
    lines = tuple(line for line in found.lines if distribution(line) not in pip)
    return Requirements(file.pip, found.python, lines, found.dropped, file, found.notes)


def attempts(requirements: Requirements) -> Iterator[Attempt]:
    """The ways to ask for the inference server beside `requirements`, the best first.

    A version that the file gives is kept. Else at least 1.5.1, or the newest that the file's pins allow,
    which is what the image build on Azure would choose.
    """
    lines = tuple(line for line in requirements.lines if not _is_bare_server(line))
    names = {distribution(line) for line in (*lines, *requirements.mapped)}
    pinned = SERVER in names
    if not pinned:
        yield Attempt((*lines, SERVER_FLOOR))
    setuptools = () if "setuptools" in names else ("setuptools",)
    server = () if pinned or BRINGS_SERVER in names else (SERVER,)
    asked = (*lines, *server, *setuptools)
    note = "" if pinned else f"{SERVER_FLOOR} conflicts with the file's pins; using the newest that does not"
    if not pinned or _may_be_old((*lines, *requirements.mapped)):
        yield Attempt(asked, (PKG_RESOURCES,), note)
        yield Attempt(asked, (), note)
    else:
        yield Attempt(lines)


def _is_bare_server(line: str) -> bool:
    return distribution(line) == SERVER and not re.search(r"[=<>~!@]", line)


def _may_be_old(lines: tuple[str, ...]) -> bool:
    """Whether a line allows a server older than 1.5."""
    written = next(line for line in lines if distribution(line) == SERVER)
    try:
        asked = Requirement(written).specifier
    except InvalidRequirement:  # an address, or options
        return True
    named = (one.version.removesuffix(".*") for one in asked)
    return any(asked.contains(version) and Version(version) < _NEW for version in (*_OLD, *named))


def _of_model(root: Path) -> Requirements:
    """As on Azure: conda.yaml, and requirements.txt only where there is no conda.yaml."""
    conda, pip = root / "conda.yaml", root / "requirements.txt"
    if conda.is_file():
        file = read_conda(_text(conda))
        asked = of_conda(replace(file, pip=with_files(file.pip, root, _lines)))
    elif pip.is_file():
        asked = Requirements(with_files(_lines(pip), root, _lines))
    else:
        asked = Requirements(())
    names = {distribution(line) for line in (*asked.lines, *asked.mapped)}
    # Imports of our scoring script for a model without code.
    server = () if names & {"mlflow", "mlflow-skinny"} else ("mlflow",)
    return _and(asked, *server, *(name for name in ("numpy", "pandas") if name not in names))


def _and(asked: Requirements, *names: str) -> Requirements:
    return replace(asked, lines=(*asked.lines, *names))


def _lines(path: Path) -> tuple[str, ...]:
    return read_requirements(_text(path))


def _text(path: Path) -> str:
    """A user's file. A byte order mark selects the encoding, as for pip; else it is UTF-8."""
    content = path.read_bytes()
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise EnvironmentFailure(f"the model's {path.name} is not UTF-8 text: {wrong}") from wrong
