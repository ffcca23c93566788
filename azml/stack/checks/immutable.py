"""Settings of an endpoint that Azure does not let change, checked at preview: they need a new endpoint.

Sources: learn.microsoft.com, "Access Azure resources from an online endpoint" (the identity is fixed at
creation); description of API 2025-12-01, EndpointPropertiesBase ("Properties can be added, but not removed or
altered"). Authentication mode, compute and description are assumed to be fixed, to be on the safe side.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from azml.findings import Finding
from azml.server_owned import is_azures
from azml.specs import EndpointSpec
from azml.specs.records import AuthMode
from azml.stack.facts import Fact

AUTH_MODES: Mapping[AuthMode, str] = {"key": "Key", "aml_token": "AMLToken", "aad_token": "AADToken"}
IDENTITIES = {
    "system_assigned": "SystemAssigned",
    "user_assigned": "UserAssigned",
    "system_assigned,user_assigned": "SystemAssigned,UserAssigned",
    "none": "None",
}


@dataclass(frozen=True)
class _Change:
    """A key of an endpoint file, its current value on the endpoint, and the value in the file."""

    key: str
    now: str
    asked: str


def refused_changes(spec: EndpointSpec, live: Fact, workspace_id: str) -> Iterator[Finding]:
    """A finding for each change of the live endpoint that Azure would refuse."""
    for change in (*_fields(spec, live, workspace_id), *_properties(spec, live)):
        message = f"is {change.asked}, and cannot change: the endpoint {spec.name} was made with {change.now}"
        remedy = "restore that value, or give the endpoint another name, which creates a new one"
        yield Finding(message, remedy, *spec.place(change.key))


def compute_id(spec: EndpointSpec, workspace_id: str) -> str | None:
    """The id of the attached Kubernetes cluster, which the file may give as `azureml:name`."""
    if spec.compute is None or spec.compute.startswith("/"):
        return spec.compute
    return f"{workspace_id}/computes/{spec.compute.removeprefix('azureml:')}"


def auth_mode_of(azures: str) -> AuthMode | None:
    """The auth mode of endpoint files for one of Azure's, in any case; None for an unknown one."""
    return next((name for name, azure in AUTH_MODES.items() if azure.lower() == azures.lower()), None)


def _fields(spec: EndpointSpec, live: Fact, workspace_id: str) -> Iterator[_Change]:
    mode = live.text("authMode")
    if mode.lower() != AUTH_MODES[spec.auth_mode].lower():
        yield _Change("auth_mode", auth_mode_of(mode) or mode, spec.auth_mode)
    compute, wanted = live.text("compute"), compute_id(spec, workspace_id) or ""
    if compute.lower() != wanted.lower():
        yield _Change("compute", compute or "none", wanted or "none")
    description = live.text("description")
    if description != (spec.description or ""):
        yield _Change("description", repr(description), repr(spec.description or ""))
    yield from _identity(spec, live)


def _identity(spec: EndpointSpec, live: Fact) -> Iterator[_Change]:
    asked = spec.identity.type if spec.identity else "system_assigned"
    users = spec.identity.user_assigned_identities if spec.identity else ()
    now, wanted = _kinds(live.identity), _kinds(IDENTITIES[asked])
    if now != wanted:
        names = {frozenset(_kinds(azure)): name for name, azure in IDENTITIES.items()}
        yield _Change("identity.type", names.get(frozenset(now), live.identity), asked)
    elif {user.lower() for user in live.users} != {user.lower() for user in users}:
        key = "identity.user_assigned_identities"
        yield _Change(key, ", ".join(live.users) or "none", ", ".join(users) or "none")


def _kinds(identity: str) -> set[str]:
    return set(identity.replace(" ", "").lower().split(",")) - {""}


def _properties(spec: EndpointSpec, live: Fact) -> Iterator[_Change]:
    """The user's own properties on the endpoint: each must still be in the file, with the same value."""
    found = live.properties.get("properties")
    for name, value in found.items() if isinstance(found, dict) else ():
        if is_azures(name):
            continue
        asked = spec.properties.get(name)
        if asked != str(value):
            yield _Change(f"properties.{name}", repr(value), "nothing" if asked is None else repr(asked))
