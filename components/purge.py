"""Names that are free again once the stack is destroyed: a resource of our own plugin."""

import pulumi


class PurgeOnDelete(pulumi.CustomResource):
    """Purges the workspace and its key vault after they were deleted, so that their names are free at once.

    Whatever depends on it is deleted before it. The vault is named, or known by what its name begins with, or
    not the stack's. `leftovers` says until when an earlier life of the stack holds names: they are purged at
    once.
    """

    def __init__(
        self,
        name: str,
        *,
        workspace_id: str,
        vault_name: str | None,
        vault_prefix: str | None,
        leftovers: str | None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {
            "workspaceId": workspace_id,
            "vaultName": vault_name,
            "vaultPrefix": vault_prefix,
            "leftovers": leftovers,
        }
        super().__init__("azml:index:PurgeOnDelete", name, inputs, opts)
