"""The customer-managed key of a workspace.

Source: learn.microsoft.com, "Customer-managed keys for Azure Machine Learning": the vault has purge
protection, the identity a role there, and a workspace has such a key from its creation on, or never. That a
missing role is refused at once is the strict side.
"""

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.arm.types import Write
from azml.emulator.control.machinelearning.identity_roles import check_role
from azml.emulator.control.storage.roles import KEY_USERS, DataRoles


def check_encryption(write: Write) -> None:
    """Raise ArmError 400 for a key that cannot be used, or that the workspace did not have before."""
    wanted = section(write.properties, "encryption")
    if write.existing and is_encrypted(write.existing.properties) != is_encrypted(write.properties):
        message = f"The encryption of '{write.id.name}' cannot be turned on or off; recreate the workspace."
        raise bad_request(message, "ValidationError")
    if not is_encrypted(write.properties):
        return
    key = section(wanted, "keyVaultProperties")
    vault = write.store.find(str(key.get("keyVaultArmId") or ""))
    if vault is None or vault.properties.get("enablePurgeProtection") is not True:
        message = f"The key vault '{key.get('keyVaultArmId')}' does not exist, or has no purge protection."
        raise bad_request(message, "ValidationError")
    keys = write.store.under(vault.id.text, "Microsoft.KeyVault/vaults/keys")
    if key.get("keyIdentifier") not in [one.properties.get("keyUriWithVersion") for one in keys]:
        message = f"'{vault.id.name}' has no key '{key.get('keyIdentifier')}'."
        raise bad_request(message, "ValidationError")


def check_key_role(workspace: Record, store: ResourceStore, roles: DataRoles) -> None:
    """Raise ArmError 400 when no identity of an encrypted workspace may use its key."""
    if is_encrypted(workspace.properties):
        key = section(section(workspace.properties, "encryption"), "keyVaultProperties")
        vault = store.get(str(key.get("keyVaultArmId")))
        check_role(workspace, KEY_USERS, vault, roles, "which has its key")


def is_encrypted(properties: Json) -> bool:
    """Whether a workspace has such a key."""
    return str(section(properties, "encryption").get("status", "")).lower() == "enabled"
