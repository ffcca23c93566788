"""The resource types that a workspace uses: stored, with the few values that Azure computes for them."""

import re
import secrets
import uuid
from collections.abc import Mapping, Sequence

from azml.emulator.base.identity import TENANT
from azml.emulator.control.arm.errors import bad_request, conflict
from azml.emulator.control.arm.ids import RESOURCE_GROUP_TYPE, is_guid
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.store import Record
from azml.emulator.control.arm.types import USER_IDENTITIES, Act, Action, ResourceType, Write

ML = "Microsoft.MachineLearningServices"
_OF_PRINCIPAL = re.compile(r"assignedTo\('([^']*)'\)|principalId eq '([^']*)'", re.IGNORECASE)


class ResourceGroups(ResourceType):
    """`resourceGroups`. A delete includes everything inside."""

    name = RESOURCE_GROUP_TYPE


class StoredType(ResourceType):
    """A type without computed values that are used here: it is stored and returned."""

    stored_only = True

    def __init__(
        self, name: str, *, located: bool = True, deleted_at_once: bool = False, created: int = 201
    ) -> None:
        self.name = name
        self.located = located
        self.deleted_at_once = deleted_at_once
        self.created = created


class KeyedType(StoredType):
    """A stored type with two keys, which an action returns under these `names`."""

    def __init__(self, name: str, action: str, names: tuple[str, str], *, located: bool = True) -> None:
        super().__init__(name, located=located)
        self.action = action
        self.names = names

    def complete(self, write: Write, record: Record) -> Record:
        """Both keys, kept for the resource's life."""
        fresh = {name: secrets.token_urlsafe(48) for name in self.names}
        return record.with_hidden(**(fresh | record.hidden))

    def actions(self) -> Mapping[str, Action]:
        """Its keys."""
        return {self.action: self.list_keys}

    async def list_keys(self, act: Act) -> Json:
        """Both keys."""
        return {name: act.record.hidden[name] for name in self.names}


class ContainerRegistries(ResourceType):
    """`registries` of Container Registry."""

    name = "Microsoft.ContainerRegistry/registries"
    stored_only = True

    def complete(self, write: Write, record: Record) -> Record:
        """Its address and password."""
        return new_registry(record)

    def actions(self) -> Mapping[str, Action]:
        """Its credentials."""
        return {"listcredentials": self.list_credentials}

    async def list_credentials(self, act: Act) -> Json:
        """User and password, for registries with an admin user."""
        if not act.record.properties.get("adminUserEnabled"):
            raise bad_request("The registry has no admin user.", "UnAuthorizedForCredentialOperations")
        password = {"name": "password", "value": act.record.hidden["password"]}
        return {"username": act.record.id.name, "passwords": [password]}


class UserIdentities(ResourceType):
    """`userAssignedIdentities`."""

    name = USER_IDENTITIES
    deleted_at_once = True

    def complete(self, write: Write, record: Record) -> Record:
        """Its ids."""
        record = kept(record, principalId=str(uuid.uuid4()), clientId=str(uuid.uuid4()))
        return record.with_properties(tenantId=TENANT)


class RoleAssignments(ResourceType):
    """`roleAssignments`, under any scope."""

    name = "Microsoft.Authorization/roleAssignments"
    stored_only = True
    deleted_at_once = True
    located = False

    def check(self, write: Write) -> None:
        """Names are GUIDs; a duplicate assignment is a conflict; an assignment cannot change."""
        if not is_guid(write.id.name):
            raise bad_request("The role assignment's name must be a GUID.", "InvalidRoleAssignmentId")
        if write.existing and _grant(write.existing.properties) != _grant(write.properties):
            message = "The principal and the role of a role assignment cannot be updated."
            raise conflict(message, "RoleAssignmentUpdateNotPermitted")
        for other in write.store.under(write.id.parent, self.name):
            if _is_twin(other, write):
                raise conflict("The role assignment already exists.", "RoleAssignmentExists")

    def scope(self, asked: str, query: Mapping[str, str]) -> str:
        """The whole subscription where `$filter` names a principal: roles above the scope count, too."""
        return "/".join(asked.split("/")[:3]) if _OF_PRINCIPAL.search(query.get("$filter", "")) else asked

    def select(self, found: Sequence[Record], query: Mapping[str, str], asked: str) -> Sequence[Record]:
        """Those of one principal at, above and below the scope, where `$filter` names it.

        learn.microsoft.com, "List Azure role assignments using the REST API".
        """
        matched = _OF_PRINCIPAL.search(query.get("$filter", ""))
        if matched:
            named = str(matched[1] or matched[2]).lower()
            found = [each for each in found if str(each.properties.get("principalId")).lower() == named]
            found = [each for each in found if _in_line(each.id.parent.lower(), asked.lower())]
        return super().select(found, query, asked)

    def complete(self, write: Write, record: Record) -> Record:
        """Its scope."""
        return record.with_properties(scope=write.id.parent)


def new_registry(record: Record) -> Record:
    """A container registry with its address, and its password unless it has one."""
    record = record.with_hidden(**({"password": secrets.token_urlsafe(32)} | record.hidden))
    return record.with_properties(loginServer=f"{record.id.name.lower()}.azurecr.io")


def stored_types() -> Sequence[ResourceType]:
    """The types without a module of their own."""
    endpoint_keys = ("primaryKey", "secondaryKey")
    return (
        ResourceGroups(),
        ContainerRegistries(),
        UserIdentities(),
        RoleAssignments(),
        KeyedType(f"{ML}/workspaces/serverlessEndpoints", "listkeys", endpoint_keys),
        KeyedType(f"{ML}/workspaces/batchEndpoints", "listkeys", endpoint_keys),
        StoredType(f"{ML}/workspaces/computes"),
    )


def kept(record: Record, **fresh: str) -> Record:
    """Values that Azure generates once and keeps for the resource's life."""
    values = {name: record.hidden.get(name, value) for name, value in fresh.items()}
    return record.with_hidden(**values).with_properties(**values)


def _in_line(one: str, other: str) -> bool:
    """Whether one scope is the other, or above or below it."""
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _is_twin(other: Record, write: Write) -> bool:
    """Whether another assignment is the same, at exactly the same scope."""
    same_scope = other.id.parent.lower() == write.id.parent.lower()
    is_another = other.id.key != write.id.key
    return is_another and same_scope and _grant(other.properties) == _grant(write.properties)


def _grant(properties: Json) -> tuple[str, str]:
    return (str(properties.get("principalId")).lower(), str(properties.get("roleDefinitionId")).lower())
