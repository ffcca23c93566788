"""What a deployment needs if the workspace's storage refuses keys: roles, and a workspace that uses them.

Microsoft's page (learn.microsoft.com, "Disable shared key access for your workspace's storage account", a
preview) names the workspace property and the roles of its identity; an endpoint's own reads the files.
"""

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.identity_roles import check_role
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
        check_role(workspace, needed, account, roles, "which permits no keys")
    check_role(endpoint, READERS, account, roles, "which permits no keys")
