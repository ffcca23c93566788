"""Properties of a workspace's body, from its settings and what was created before it."""

import pulumi
from pulumi_azure_native import machinelearningservices

from azml.stack.config.managed_network import ManagedNetwork

from .managed_identity import ManagedIdentity

Key = tuple[pulumi.Input[str], pulumi.Input[str]]
"""The identifier of a key, and the ARM id of its vault."""


def encryption(
    key: Key | None, user: ManagedIdentity | None
) -> machinelearningservices.EncryptionPropertyArgs | None:
    """The customer-managed key, which the user-assigned identity reads where there is one."""
    if key is None:
        return None
    identity = machinelearningservices.IdentityForCmkArgs(
        user_assigned_identity=user.arm_id if user else None
    )
    return machinelearningservices.EncryptionPropertyArgs(
        status="Enabled",
        identity=identity if user else None,
        key_vault_properties=machinelearningservices.KeyVaultPropertiesArgs(
            key_identifier=key[0], key_vault_arm_id=key[1]
        ),
    )


def workspace_identity(user: ManagedIdentity | None) -> machinelearningservices.ManagedServiceIdentityArgs:
    """The user-assigned identity it acts as; without one, Azure gives it one of its own."""
    if user is None:
        return machinelearningservices.ManagedServiceIdentityArgs(type="SystemAssigned")
    return machinelearningservices.ManagedServiceIdentityArgs(
        type="UserAssigned", user_assigned_identities=[user.arm_id]
    )


def network_state(settings: ManagedNetwork | None) -> list[str]:
    """What Azure changes in the managed network when the first compute creates it."""
    return ["managedNetwork.status"] if settings else []


def provisions(settings: ManagedNetwork | None) -> bool | None:
    """Whether the network is to exist before the first deployment needs it."""
    return True if settings and settings.isolates and settings.provision else None


def access(public: pulumi.Input[bool]) -> pulumi.Input[str]:
    """Whether public networks reach it, in Azure's words."""
    if isinstance(public, bool):
        return "Enabled" if public else "Disabled"
    return pulumi.Output.all(public).apply(lambda known: access(bool(known[0])))
