"""A user-assigned identity, created here or existing, and its roles."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity

from azml.stack.account import Account
from azml.stack.checks.identities import IDENTITY

from .component import Component
from .roles import RoleGrant, managed_identity_grant


@dataclass(frozen=True, kw_only=True)
class ManagedIdentityArgs:
    """The identity, by its name and its resource group.

    `principal_id` is the object id of an existing one, which is then used unchanged; without it the identity
    is created.
    """

    account: Account
    resource_group_name: str
    location: pulumi.Input[str] | None = None
    tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None
    principal_id: str | None = None
    protect: bool = False


class ManagedIdentity(Component):
    """A user-assigned identity. `grants` are its roles so far: whoever uses the identity waits for them."""

    arm_id: str
    """Its ARM id."""
    principal_id: pulumi.Output[str]
    """Its object id, to which roles are given."""

    def __init__(
        self, name: str, args: ManagedIdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ManagedIdentity", name, opts)
        self.name = name
        self.arm_id = args.account.resource_id(args.resource_group_name, IDENTITY, name)
        self.made: list[pulumi.Resource] = []
        self.grants: list[pulumi.Resource] = []
        if args.principal_id is None:
            resource = managedidentity.UserAssignedIdentity(
                name,
                resource_name_=name,
                resource_group_name=args.resource_group_name,
                location=args.location,
                tags=args.tags,
                opts=self._child(pulumi.ResourceOptions(protect=args.protect or None)),
            )
            self.made = [resource]
            self.principal_id = resource.principal_id
        else:
            self.principal_id = pulumi.Output.from_input(args.principal_id)
        self.register_outputs({"id": self.arm_id, "principal_id": self.principal_id})

    @property
    def ready(self) -> list[pulumi.Resource]:
        """What must exist before a resource uses the identity."""
        return [*self.made, *self.grants]

    def grant(self, role: str, scope: pulumi.Input[str], of: str, after: list[pulumi.Resource]) -> RoleGrant:
        """Give it a role at an ARM id. `of` says whose it is, in the name of the grant."""
        options = self._child(pulumi.ResourceOptions(depends_on=after))
        made = managed_identity_grant(f"{self.name} on {of}", role, scope, self.principal_id, options)
        self.grants.append(made)
        return made
