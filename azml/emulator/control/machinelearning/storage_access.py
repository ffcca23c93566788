"""What a deployment needs if the workspace's storage refuses keys: roles, and a workspace that uses them.

Microsoft's page (learn.microsoft.com, "Disable shared key access for your workspace's storage account", a
preview) names the workspace property and the roles of its identity; an endpoint's own reads the files.
"""

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.storage.roles import FILE_CONTRIBUTOR, READERS, WRITERS, DataRoles


def check_storage_access(endpoint: Record, store: ResourceStore, roles: DataRoles) -> None:
    """Raise ArmError 400 when a deployment of the endpoint could not read its files."""
    workspace = store.get(endpoint.id.parent)
    account = store.find(str(workspace.properties.get("storageAccount", "")))
    if account is None or account.properties.get("allowSharedKeyAccess") is not False:
        return
    if str(workspace.properties.get("systemDatastoresAuthMode", "")).lower() != "identity":
        message = (
            f"The storage account '{account.id.name}' permits no keys, and the workspace's "
            "systemDatastoresAuthMode is not Identity: its datastores ask for keys."
        )
        raise bad_request(message, "ResourceNotReady")
    for needed in (WRITERS, frozenset({FILE_CONTRIBUTOR})):
        _check(workspace, needed, account, roles)
    _check(endpoint, READERS, account, roles)


def _check(owner: Record, needed: frozenset[str], account: Record, roles: DataRoles) -> None:
    if any(roles.has(principal, account.id.key, needed) for principal in _principals(owner)):
        return
    message = (
        f"No identity of '{owner.id.name}' has one of the roles {', '.join(sorted(needed))} on the storage "
        f"account '{account.id.name}', which permits no keys."
    )
    raise bad_request(message, "ResourceNotReady")


def _principals(owner: Record) -> list[str]:
    identity = section(owner.body, "identity")
    users = [user for user in section(identity, "userAssignedIdentities").values() if isinstance(user, dict)]
    found = [identity.get("principalId"), *(user.get("principalId") for user in users)]
    return [str(principal) for principal in found if principal]
