"""Which roles a principal has at a resource, as far as Azure shows."""

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from azml.azure.arm import Arm
from azml.azure.lookup import THREADS
from azml.roles import BLOB_CONTRIBUTOR, BLOB_READER, CONTRIBUTOR, IMAGE_PULLER, READER, REGISTRY_USER, ROLES

API_VERSION = "2022-04-01"
_GUID = re.compile(r"[0-9a-fA-F-]{36}")
_OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
_BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
_IMAGE_PUSHER = "8311e382-0749-4cb8-b61a-304f252e45ec"
_WIDER: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        CONTRIBUTOR: frozenset({_OWNER}),
        READER: frozenset({_OWNER, ROLES[CONTRIBUTOR], ROLES[REGISTRY_USER]}),
        BLOB_CONTRIBUTOR: frozenset({_BLOB_OWNER}),
        BLOB_READER: frozenset({_BLOB_OWNER, ROLES[BLOB_CONTRIBUTOR]}),
        IMAGE_PULLER: frozenset({_IMAGE_PUSHER, _OWNER, ROLES[CONTRIBUTOR]}),
    }
)
"""Built-in roles that include another one (learn.microsoft.com, "Azure built-in roles").

AzureML Registry User includes what Reader is asked for at a registry, the only resource it is good for.
"""
_BUILT_IN = frozenset({*ROLES.values(), _OWNER, _BLOB_OWNER, _IMAGE_PUSHER})


def definition(role: str) -> str:
    """The GUID of a role, which may be given as such."""
    return ROLES.get(role, role).lower()


def is_known(role: str) -> bool:
    """Whether it is the name of a role in the table, or a GUID."""
    return role in ROLES or _GUID.fullmatch(role) is not None


def assignments_place(scope: str, name: str = "") -> str:
    """The path of a role assignment at a scope, or of all of them."""
    return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}".rstrip("/")


def held_definitions(arm: Arm, scope: str, principal: str) -> frozenset[str] | None:
    """The GUIDs of the roles assigned to the principal at a scope or above it, also through groups.

    None when Azure does not show them to the identity that asks.
    """
    query = f"api-version={API_VERSION}&$filter={quote(f'''assignedTo('{principal}')''')}"
    url = f"{arm.cloud.resource_manager}{quote(assignments_place(scope), safe='/')}?{query}"
    answer = arm.call("GET", url)
    if answer.status != 200:
        return None
    # The list also has assignments below the scope.
    return frozenset(
        str(each["properties"]["roleDefinitionId"]).lower().rpartition("/")[2]
        for each in answer.json().get("value") or []
        if _reaches(str(each["properties"].get("scope") or scope), scope)
    )


def _reaches(assigned: str, scope: str) -> bool:
    """Whether an assignment at one scope holds at another; management groups are above every resource."""
    above = assigned.lower().rstrip("/")
    return not above.startswith("/subscriptions/") or f"{scope}/".lower().startswith(f"{above}/")


def may_have(held: frozenset[str] | None, role: str) -> bool:
    """Whether these definitions include the role, as far as is known.

    A custom definition is taken to include it, because its content is not read.
    """
    if held is None:
        return True
    wanted = {definition(role), *_WIDER.get(role, ())}
    return bool(held & wanted) or bool(held - _BUILT_IN)


def lacking_roles(
    arm: Arm, bodies: Mapping[str, Mapping[str, Any]], asked: Iterable[Mapping[str, str]]
) -> list[dict[str, str]]:
    """The roles in `asked` that the identities do not have, each with the id of its resource as `at`.

    A role of an identity that does not exist, or at a resource that is not named, is left out.
    """
    wanted = []
    for one in asked:
        principal = _property(bodies, one["identity"], "principalId")
        through = one.get("through")
        if (at := _property(bodies, one["scope"], through) if through else one["scope"]) and principal:
            wanted.append(({**one, "at": at}, principal))
    pairs = dict.fromkeys((one["at"], principal) for one, principal in wanted)
    with ThreadPoolExecutor(THREADS) as threads:
        held = dict(zip(pairs, threads.map(lambda pair: held_definitions(arm, *pair), pairs), strict=True))
    return [one for one, principal in wanted if not may_have(held[one["at"], principal], one["role"])]


def _property(bodies: Mapping[str, Mapping[str, Any]], id_text: str, name: str) -> str:
    return str((bodies.get(id_text, {}).get("properties") or {}).get(name) or "")
