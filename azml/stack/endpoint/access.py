"""Whom an endpoint acts as, what its scripts may use, and who may call it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azml import rules
from azml.findings import Finding, Place, did_you_mean
from azml.roles import ROLES
from azml.specs import EndpointSpec
from azml.stack.sections.section import Section
from azml.stack.sections.support import UNNAMED, Support, read_support

if TYPE_CHECKING:
    from azml.specs import Node

PRINCIPAL_TYPES = ("User", "Group", "ServicePrincipal")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SCOPE = re.compile(r"/subscriptions/[^/]+(/resourceGroups/[^/]+(/providers/[^/]+(/[^/]+/[^/]+)+)?)?", re.I)
_OBJECT_ID = "write its object id, as `az ad user show --id NAME --query id` prints it (groups: az ad group)"


@dataclass(frozen=True)
class Caller:
    """A principal that may call an endpoint, by its object id. Without a type Azure looks it up."""

    principal: str
    type: str | None = None


@dataclass(frozen=True)
class ScopedRole:
    """A role, by name or by the GUID of its definition, at the resource with the ARM id `scope`."""

    role: str
    scope: str
    place: Place


@dataclass(frozen=True)
class Access:
    """The user-assigned identity that the settings give an endpoint, if any; its roles; its callers."""

    identity: Support = UNNAMED
    roles: tuple[ScopedRole, ...] = ()
    callers: tuple[Caller, ...] = ()


NO_ACCESS = Access()
"""What an endpoint has of which the settings say nothing."""


def read_access(section: Section) -> Access:
    """The keys `identity`, `roles` and `callers` of an endpoint."""
    identity = read_support(section, "identity", rules.USER_IDENTITY)
    if section.get("identity") is not None and identity.name is None:
        section.fault("identity", "has no name", "write one, as {name: id-diabetes}")
    return Access(identity, tuple(_roles(section)), tuple(_callers(section)))


def access_faults(access: Access, spec: EndpointSpec, section: str) -> Iterator[tuple[str, str, str]]:
    """What contradicts the endpoint's own file: the key, what is wrong, what would be right."""
    if access.identity.name and spec.identity:
        remedy = "keep one of them; an endpoint has one identity, fixed when it is created"
        yield f"{section}.identity", "is given here and in the endpoint's file", remedy
    if access.roles and spec.identity and spec.identity.type == "none" and not access.identity.name:
        remedy = "give the endpoint an identity, or remove the roles"
        yield f"{section}.roles", "are given to an endpoint without an identity", remedy
    if access.callers and spec.auth_mode != "aad_token":
        message = f"names principals, but with auth_mode {spec.auth_mode} any holder of a key may call"
        remedy = "write auth_mode: aad_token in the endpoint's file, or callers: [] here"
        yield f"{section}.callers", message, remedy


def _roles(section: Section) -> Iterator[ScopedRole]:
    shape = "{role: Storage Blob Data Reader, scope: /subscriptions/...}"
    for own in section.sections("roles", shape):
        role, scope = own.text("role", required=True), own.text("scope", required=True)
        if role and role not in ROLES and not _GUID.fullmatch(role):
            remedy = f"{did_you_mean(role, ROLES)} Any other role is named by the GUID of its definition"
            own.fault("role", f"{role!r} is not a role known here", remedy)
        if scope and not _SCOPE.fullmatch(scope):
            remedy = "write the ARM id of a resource, as `az resource show --query id` prints it"
            own.fault("scope", f"{scope!r} is not the id of a resource", remedy)
        own.finish()
        if role and scope:
            yield ScopedRole(role, scope.rstrip("/"), own.node.place)


def _callers(section: Section) -> Iterator[Caller]:
    seen: set[str] = set()
    for node in section.list_of("callers", (str, dict), "a list of object ids"):
        caller = _caller(section, node)
        if caller is None:
            continue
        if caller.principal.lower() in seen:
            section.faults.extend([node.wrong(f"{caller.principal} is listed twice", "keep one of them")])
        else:
            yield caller
        seen.add(caller.principal.lower())


def _caller(section: Section, node: "Node") -> Caller | None:
    if isinstance(node.value, str):
        place, principal, kind = node, node.value, None
    else:
        own = Section(node, section.faults)
        principal = own.text("id", required=True) or ""
        kind = own.text("type")
        if kind is not None and kind not in PRINCIPAL_TYPES:
            own.fault("type", f"{kind!r} is not a type of principal", did_you_mean(kind, PRINCIPAL_TYPES))
        own.finish()
        place = node.value.get("id", node)
    if _GUID.fullmatch(principal):
        return Caller(principal, kind)
    if principal or isinstance(node.value, str):
        section.faults.extend([Finding(f"{principal!r} is not an object id", _OBJECT_ID, *place.place)])
    return None
