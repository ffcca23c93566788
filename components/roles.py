"""Roles on the workspace's storage, given by our own plugin."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

BLOB_CONTRIBUTOR = "Storage Blob Data Contributor"
BLOB_READER = "Storage Blob Data Reader"
FILE_CONTRIBUTOR = "Storage File Data Privileged Contributor"


@dataclass(frozen=True, kw_only=True)
class RoleGrantArgs:
    """Who gets which role, at the ARM id `scope`.

    The type of a managed identity is told, `ServicePrincipal`: Azure may not know a new one by its id yet.
    """

    scope: pulumi.Input[str]
    role: str
    principal_id: pulumi.Input[str]
    principal_type: str | None = None


class RoleGrant(pulumi.CustomResource):
    """Gives a principal a role. An assignment that is there already is as good as a new one.

    Who updates the stack may change from run to run: a further principal gets the role too, none loses it.
    """

    assignments: pulumi.Output[Mapping[str, str]]
    """Names of the assignments by principal."""

    def __init__(self, name: str, args: RoleGrantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        inputs = {
            "scope": args.scope,
            "role": args.role,
            "principalId": args.principal_id,
            "principalType": args.principal_type,
            "assignments": None,
        }
        super().__init__("azml:index:RoleGrant", name, inputs, opts)


def managed_identity_grant(
    name: str,
    role: str,
    scope: pulumi.Input[str],
    principal_id: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> RoleGrant:
    """A role for the managed identity of the resource called `name`."""
    args = RoleGrantArgs(scope=scope, role=role, principal_id=principal_id, principal_type="ServicePrincipal")
    return RoleGrant(f"{role} for {name}", args, opts)
