"""The roles that user-assigned identities need: Azure gives theirs to system-assigned ones by itself.

Sources: learn.microsoft.com, "Authentication and authorization for online endpoints" (no automatic role for
a user-assigned identity; images and models need one each) and "Set up authentication between Azure Machine
Learning and other services" (the table of a workspace's roles). That Azure refuses the write, rather than
failing later, is the stricter assumption.
"""

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.storage.roles import MANAGERS, PULLERS, READERS, VAULT_ADMINISTRATOR, DataRoles

_OF_WORKSPACE = {
    "storageAccount": (MANAGERS,),
    "keyVault": (MANAGERS, frozenset({VAULT_ADMINISTRATOR})),
    "applicationInsights": (MANAGERS,),
    "containerRegistry": (MANAGERS,),
}
_OF_ENDPOINT = {"containerRegistry": PULLERS, "storageAccount": READERS}


def check_workspace_roles(workspace: Record, store: ResourceStore, roles: DataRoles) -> None:
    """Raise ArmError 400 when a workspace's only identity could not use what the workspace depends on."""
    if not _is_user_only(workspace):
        return
    if not workspace.properties.get("primaryUserAssignedIdentity"):
        message = (
            "primaryUserAssignedIdentity is required for a workspace without a system-assigned identity."
        )
        raise bad_request(message, "ValidationError")
    for name, wanted in _OF_WORKSPACE.items():
        target = store.find(str(workspace.properties.get(name) or ""))
        for needed in wanted:
            if target is None:
                continue
            check_role(workspace, needed, target, roles, "which the workspace uses")


def check_endpoint_roles(endpoint: Record, store: ResourceStore, roles: DataRoles) -> None:
    """Raise ArmError 400 when an endpoint's only identity could not pull its images or read its models."""
    if not _is_user_only(endpoint):
        return
    workspace = store.get(endpoint.id.parent)
    for name, needed in _OF_ENDPOINT.items():
        if target := store.find(str(workspace.properties.get(name) or "")):
            check_role(endpoint, needed, target, roles, "which the workspace uses")


def check_role(owner: Record, needed: frozenset[str], target: Record, roles: DataRoles, why: str) -> None:
    """Raise ArmError 400 when no identity of `owner` has one of the roles at the target."""
    if any(roles.has(principal, target.id.key, needed) for principal in _principals(owner)):
        return
    message = (
        f"No identity of '{owner.id.name}' has one of the roles {', '.join(sorted(needed))} on "
        f"'{target.id.name}' ({target.id.type}), {why}."
    )
    raise bad_request(message, "ResourceNotReady")


def _is_user_only(owner: Record) -> bool:
    kinds = str(section(owner.body, "identity").get("type", "")).replace(" ", "").lower().split(",")
    return "userassigned" in kinds and "systemassigned" not in kinds


def _principals(owner: Record) -> list[str]:
    identity = section(owner.body, "identity")
    users = [user for user in section(identity, "userAssignedIdentities").values() if isinstance(user, dict)]
    found = [identity.get("principalId"), *(user.get("principalId") for user in users)]
    return [str(principal) for principal in found if principal]
