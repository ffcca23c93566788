"""The Azure a stack may reach: the local one from the local project only, real Azure from every other."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

Target = Literal["azure", "local"]
LOCAL_PROJECT = "azml-local"

Problem = tuple[str, str]
"""What is wrong, and what would be right."""


def problems(
    target: Target, project: str, root: Path, metadata_host: str | None, environment: Mapping[str, str]
) -> Iterator[Problem]:
    """Why this run could reach the wrong Azure or the wrong state; nothing when it could not.

    `root` is the folder of `Pulumi.yaml`; `metadata_host` is the value of `azure-native:metadataHost`.
    """
    is_local_project = project == LOCAL_PROJECT
    if (target == "local") != is_local_project:
        yield (
            f"is {target} in the project {project}",
            "write azml:target: local; a stack on Azure belongs to the project above local/"
            if is_local_project
            else f"target local belongs to the project {LOCAL_PROJECT} and to no other",
        )
        return
    host = metadata_host or environment.get("ARM_METADATA_HOSTNAME")
    if target == "local" and not is_loopback(host):
        remedy = (
            'run `.venv/bin/azml emulator start`, then `eval "$(.venv/bin/azml emulator env)"` in this shell'
        )
        yield "is local, but this shell does not point at the local Azure", remedy
    if target == "azure" and is_loopback(host):
        remedy = "use a shell without the variables of `azml emulator env`"
        yield f"is azure, but this shell points at the local Azure ({host})", remedy
    if target == "local":
        yield from _other_state(root, environment.get("PULUMI_BACKEND_URL"))


def _other_state(root: Path, backend: str | None) -> Iterator[Problem]:
    """PULUMI_BACKEND_URL silently overrides the project's own backend."""
    if backend and _folder(root, backend) != (root / ".state").resolve():
        message = f"is local, but PULUMI_BACKEND_URL={backend} keeps its state elsewhere"
        yield message, "unset PULUMI_BACKEND_URL: the local stack keeps its state in local/.state"


def _folder(root: Path, url: str) -> Path | None:
    return (root / url2pathname(url.removeprefix("file://"))).resolve() if url.startswith("file://") else None


def is_loopback(host: str | None) -> bool:
    """Whether an address, or a host alone, is this machine."""
    if not host:
        return False
    name = urlsplit(host if "://" in host else f"https://{host}").hostname or ""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
