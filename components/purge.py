"""Names that are free again once the stack is destroyed: a resource of our own plugin."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class PurgeOnDeleteArgs:
    """What to purge: a workspace, by its ARM id, and its key vault.

    The vault is given by name or by a prefix of its name, or neither if it is not the stack's. `leftovers`
    says until when resources of an earlier, deleted stack reserve the names: these are purged at once.
    """

    workspace_id: pulumi.Input[str]
    vault_name: pulumi.Input[str] | None = None
    vault_prefix: pulumi.Input[str] | None = None
    leftovers: str | None = None


class PurgeOnDelete(pulumi.CustomResource):
    """Purges the workspace and its key vault once they are deleted, so that their names are free at once.

    Everything that depends on it is deleted before it.
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
