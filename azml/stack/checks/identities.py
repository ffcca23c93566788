"""User-assigned identities in the settings: those of the workspace and of endpoints, and their roles."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from azml.findings import Finding, Place
from azml.roles import IMAGE_PULLER, KEY_USER, Need, Scope, endpoint_needs, workspace_needs
from azml.specs import EndpointSpec, Identity
from azml.stack.account import Account
from azml.stack.config.records import Settings, WorkspaceSettings
from azml.stack.endpoint.scoring import ServedEndpoint
from azml.stack.facts import Fact, LackedRole, LiveState
from azml.stack.sections.support import Support

IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
_SECRETS = "enforce_access_to_default_secret_stores"


@dataclass(frozen=True)
class AskedRole:
    """A role that an existing identity must have at an existing resource, where others grant roles.

    `through` is the property of the resource at `scope` that names the one meant: a workspace's
    `storageAccount`.
    """

    identity: str
    role: str
    scope: str
    through: str | None
    place: Place

    def question(self) -> dict[str, str]:
        """The role as our plugin is asked about it."""
        through = {"through": self.through} if self.through else {}
        return {"identity": self.identity, "role": self.role, "scope": self.scope, **through}


def identity_id(identity: Support, workspace: WorkspaceSettings, account: Account) -> str:
    """The ARM id of an identity in the settings."""
    group = identity.resource_group or workspace.resource_group
    return account.resource_id(group, IDENTITY, identity.name or "")


def spec_with_identity(
    served: ServedEndpoint, workspace: WorkspaceSettings, account: Account
) -> EndpointSpec:
    """The endpoint's spec with the identity that the settings give it."""
    if served.access.identity.name is None:
        return served.spec
    own = identity_id(served.access.identity, workspace, account)
    return replace(served.spec, identity=Identity("user_assigned", (own,)))


def endpoint_identities(settings: Settings) -> dict[str, Support]:
    """The identities that the settings give endpoints, by name: endpoints may share one."""
    return {
        one.access.identity.name: one.access.identity
        for one in settings.endpoints
        if one.access.identity.name
    }


def needs_of(served: ServedEndpoint) -> list[Need]:
    """What an endpoint's user-assigned identity needs at the stack's resources."""
    return endpoint_needs(
        writes=any(slot.spec.data_collector for slot in served.slots),
        secrets=served.spec.properties.get(_SECRETS, "").lower() in ("enabled", "true"),
    )


def asked_roles(settings: Settings, account: Account) -> list[AskedRole]:
    """The roles to ask for at preview. The stack itself grants those at what it creates."""
    own = settings.workspace
    asked: list[AskedRole] = []
    if own.identity.existing:
        registry = own.container_registry.name is not None
        needs = workspace_needs(registry=registry, shared_keys=own.shared_keys)
        asked += _asked(own.identity, needs, own, account)
        if own.customer_key and own.customer_key.vault_id:
            principal = identity_id(own.identity, own, account)
            asked.append(
                AskedRole(principal, KEY_USER, own.customer_key.vault_id, None, own.customer_key.place)
            )
    for served in settings.endpoints:
        if served.access.identity.existing:
            asked += _asked(served.access.identity, needs_of(served), own, account)
            principal = identity_id(served.access.identity, own, account)
            asked += [
                AskedRole(principal, one.role, one.scope, None, one.place) for one in served.access.roles
            ]
    return list(dict.fromkeys(asked))


def _asked(
    identity: Support, needs: Iterable[Need], workspace: WorkspaceSettings, account: Account
) -> Iterator[AskedRole]:
    principal = identity_id(identity, workspace, account)
    for role, on in needs:
        if found := _existing(on, workspace, account):
            scope, through = found
            yield AskedRole(principal, role, scope, through, identity.place)


def _existing(on: Scope, workspace: WorkspaceSettings, account: Account) -> tuple[str, str | None] | None:
    """The existing resource, and the property through which it is found; None if the stack creates it."""
    if workspace.existing:
        own = account.workspace_id(workspace.resource_group, workspace.name)
        return own, None if on == "workspace" else on
    kind, support = workspace.supports.get(on, ("", Support()))
    if not support.existing:
        return None
    group = support.resource_group or workspace.resource_group
    return account.resource_id(group, kind, support.name or ""), None


def without_registry(settings: Settings, workspace: Fact | None) -> Iterator[Finding]:
    """A finding for each identity that could not pull images: the existing workspace has no registry yet."""
    if workspace is None or not settings.workspace.existing or workspace.text("containerRegistry"):
        return
    for name, identity in endpoint_identities(settings).items():
        message = f"{name!r} needs the role {IMAGE_PULLER!r} at the workspace's registry, and it has none yet"
        remedy = (
            "give the workspace a registry, or leave identity out: Azure gives its own identities the role"
        )
        yield Finding(message, remedy, *identity.place)


def lacking(asked: Iterable[AskedRole], live_state: LiveState) -> Iterator[Finding]:
    """A finding for each role that an existing identity does not have."""
    for one in asked:
        at = live_state.lacking.get(LackedRole(one.identity, one.role, one.scope, one.through))
        fact = live_state.found.get(one.identity)
        if at is None or fact is None:
            continue
        name, principal = one.identity.rpartition("/")[2], fact.text("principalId")
        message = f"the identity {name!r} does not have the role {one.role!r} at {at}"
        remedy = (
            f"have it granted: az role assignment create --role {one.role!r} --assignee-object-id "
            f"{principal} --assignee-principal-type ServicePrincipal --scope {at}"
        )
        yield Finding(message, remedy, *one.place)
