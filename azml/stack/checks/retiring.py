"""What deployments name that Azure has announced the end of, with file, line and key."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from packaging.utils import canonicalize_name

from azml.bundling import conda_document
from azml.findings import Finding, Place
from azml.specs import DeploymentSpec, LocalEnvironment
from azml.stack.checks.retirements import PACKAGES, Retirement, of_image, of_size

_NAME = re.compile(r"(?:[^\s:]+::)?([A-Za-z0-9][\w.-]*)")
"""A dependency's package, after its channel if it has one."""
_LIKELY = re.compile("|".join(re.sub("-", "[-_.]+", name) for name in PACKAGES), re.IGNORECASE)


def retiring(specs: Iterable[DeploymentSpec], today: date) -> list[Finding]:
    """A finding for each value in the deployments' files that has an announced end, each value once."""
    found = (finding for spec in specs for finding in (*_size(spec, today), *_environment(spec, today)))
    return list(dict.fromkeys(found))


def refused_size(spec: DeploymentSpec, now: str, today: date) -> Iterator[Finding]:
    """A finding where the deployment would have to be made with a size that Azure no longer creates.

    `now` is the size that it has, empty where it is not there: what exists may be declared as it is, so that
    another deployment can take its place.
    """
    size = spec.instance_type or ""
    if size.lower() != now.lower() and any(end.refused(today) for end in _end_of_size(spec)):
        yield from _size(spec, today)


def _size(spec: DeploymentSpec, today: date) -> Iterator[Finding]:
    for end in _end_of_size(spec):
        yield _finding(end, spec.instance_type or "", spec.place("instance_type"), today)


def _end_of_size(spec: DeploymentSpec) -> Iterator[Retirement]:
    """On Kubernetes an instance type is a name that the cluster gives."""
    end = of_size(spec.instance_type or "") if spec.kind == "managed" else None
    if end:
        yield end


def _environment(spec: DeploymentSpec, today: date) -> Iterator[Finding]:
    environment = spec.environment
    if not isinstance(environment, LocalEnvironment):
        return
    image = environment.image or ""
    if end := of_image(image):
        yield _finding(end, image, spec.place("environment.image"), today)
    for name, place in _packages(environment, spec):
        if end := PACKAGES.get(canonicalize_name(name)):
            yield _finding(end, name, place, today)


def _packages(environment: LocalEnvironment, spec: DeploymentSpec) -> Iterator[tuple[str, Place]]:
    """The packages of the conda file, which was checked; most files need not be parsed once more."""
    if not _LIKELY.search(environment.conda or ""):
        return
    root = conda_document(environment, spec, [])
    dependencies = root.value.get("dependencies") if root and root.is_table else None
    for _, node in dependencies.walk() if dependencies else ():
        if isinstance(node.value, str) and (name := _NAME.match(node.value.strip())):
            yield name[1], node.place


def _finding(end: Retirement, name: str, place: Place, today: date) -> Finding:
    return Finding(end.message(name, today), end.remedy, *place)
