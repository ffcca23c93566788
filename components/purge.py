"""Names that are free again once the stack is destroyed: a resource of our own plugin."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class PurgeOnDeleteArgs:
    """What is purged: a workspace by its ARM id, and its key vault.

    The vault is named, or known by what its name begins with, or not the stack's. `leftovers` says until when
    an earlier life of the stack holds names: they are purged at once.
    """

    workspace_id: pulumi.Input[str]
    vault_name: pulumi.Input[str] | None = None
    vault_prefix: pulumi.Input[str] | None = None
    leftovers: str | None = None


class PurgeOnDelete(pulumi.CustomResource):
    """Purges the workspace and its key vault after they were deleted, so that their names are free at once.

    Whatever depends on it is deleted before it.
    """

    def __init__(
        self, name: str, args: PurgeOnDeleteArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        inputs = {
            "workspaceId": args.workspace_id,
            "vaultName": args.vault_name,
            "vaultPrefix": args.vault_prefix,
            "leftovers": args.leftovers,
        }
        super().__init__("azml:index:PurgeOnDelete", name, inputs, opts)
