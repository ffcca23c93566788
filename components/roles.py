"""Roles of identities, granted by our own plugin."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class RoleGrantArgs:
    """The principal and the role, by name or by the GUID of its definition, granted at the ARM id `scope`.

    For a managed identity give the type, `ServicePrincipal`: Azure may not find a new one by its id yet.
    """

    scope: pulumi.Input[str]
    role: str
    principal_id: pulumi.Input[str]
    principal_type: str | None = None


class RoleGrant(pulumi.CustomResource):
    """Grants a role to a principal. An existing assignment is as good as a new one.

    The stack may be updated by different principals: each further one gets the role too, and none loses it.
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
