"""Roles on the workspace's storage, given by our own plugin."""

import pulumi

BLOB_CONTRIBUTOR = "Storage Blob Data Contributor"
BLOB_READER = "Storage Blob Data Reader"
FILE_CONTRIBUTOR = "Storage File Data Privileged Contributor"


class RoleGrant(pulumi.CustomResource):
    """Gives `principal_id` a role at `scope`. An assignment that is there already is as good as a new one.

    Who updates the stack may change from run to run: a further principal gets the role too, none loses it.
    """

    def __init__(
        self,
        name: str,
        *,
        scope: str,
        role: str,
        principal_id: pulumi.Input[str],
        principal_type: str | None = None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {
            "scope": scope,
            "role": role,
            "principalId": principal_id,
            "principalType": principal_type,
        }
        super().__init__("azml:index:RoleGrant", f"{role} for {name}", inputs, opts)


def managed_identity_grant(
    name: str, role: str, scope: str, principal_id: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> RoleGrant:
    """A role for a managed identity. Its type is told because Azure may not know a new one by its id yet."""
    return RoleGrant(
        name, scope=scope, role=role, principal_id=principal_id, principal_type="ServicePrincipal", opts=opts
    )
