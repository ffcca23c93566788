"""What all resource types share: turning a body into a record, the answer to a GET, deletion."""

import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from azml.emulator.base.identity import TENANT
from azml.emulator.control.arm.errors import bad_request, conflict
from azml.emulator.control.arm.ids import ResourceId
from azml.emulator.control.arm.json import Json, section, whole
from azml.emulator.control.arm.published import published
from azml.emulator.control.arm.store import SUCCEEDED, Record, ResourceStore

Query = Mapping[str, str]
USER_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
TEMPLATES = "microsoft.resources/deployments"
TEMPLATES_HINT = (
    " The local Azure deploys no ARM templates, which is how azure-ai-ml's workspaces.begin_create creates a "
    "workspace: create it with the stack (`make up`), or PUT the workspace itself."
)
_REGION = re.compile(r"[a-zA-Z0-9 ]*")
_IDENTITY_KINDS = {"none", "systemassigned", "userassigned"}
ENVELOPE = ("location", "tags", "sku", "kind", "identity", "properties", "zones", "plan", "managedBy", "etag")


@dataclass(frozen=True)
class Write:
    """One PUT or PATCH that is about to happen. `body` is the whole desired resource."""

    id: ResourceId
    body: Json
    existing: Record | None
    store: ResourceStore

    @property
    def properties(self) -> Json:
        """The properties asked for."""
        return section(self.body, "properties")


@dataclass(frozen=True)
class Act:
    """One POST to a resource: `listKeys` and the like."""

    record: Record
    body: Json
    store: ResourceStore


@dataclass(frozen=True)
class Changed:
    """The result of an action that changes its resource: the record is stored and settled asynchronously."""

    record: Record


Action = Callable[[Act], Awaitable[Json | Changed]]
EarlyAction = Callable[[ResourceId, ResourceStore], Awaitable[Json]]


class ResourceType:
    """The generic rules of one type. A type with rules of its own overrides what differs.

    `located` types need a region; `asynchronous` ones answer a write with an operation, which `settle`
    carries out; properties in `computed_names` are set by Azure and ignored in a body. A type that is
    `stored_only` runs nothing: it returns what was written. `created` is the status of a PUT that creates a
    resource; a type that is `deleted_at_once` is gone when its DELETE is answered.
    """

    name: str = ""
    located: bool = True
    asynchronous: bool = False
    stored_only: bool = False
    deleted_at_once: bool = False
    created: int = 201
    patchable: tuple[str, ...] = ENVELOPE
    computed_names: tuple[str, ...] = ()

    def prepare(self, write: Write) -> Record:
        """Check a write and return the record to store. Raises ArmError, with nothing changed, if refused."""
        _check_region(write.body)
        self.check(write)
        old = write.existing
        body = {key: value for key, value in write.body.items() if key in ENVELOPE}
        self._place(write, body)
        kept = {name: value for name, value in write.properties.items() if name not in self.computed_names}
        hidden = dict(old.hidden) if old else {}
        body["properties"] = {**kept, "provisioningState": SUCCEEDED}
        if "identity" in body:
            body["identity"] = _identity(section(body, "identity"), hidden, write.store)
        return self.complete(write, Record(write.id, body, hidden))

    def check(self, write: Write) -> None:
        """The type's own rules about a write."""

    def complete(self, write: Write, record: Record) -> Record:
        """Add what Azure computes: keys, ids, defaults."""
        return record

    def present(self, record: Record) -> Json:
        """The answer to a GET."""
        properties = dict(record.properties)
        if not published().has(self.name, "properties.provisioningState"):
            properties.pop("provisioningState", None)
        shown = {**record.body, "properties": properties}
        return {"id": record.id.text, "name": record.id.name, "type": self.name, **shown}

    def scope(self, asked: str, query: Query) -> str:
        """The scope under which a collection's members are looked up."""
        return asked

    def select(self, found: Sequence[Record], query: Query, asked: str) -> Sequence[Record]:
        """The members of a collection that a query asks for, in its order; `asked` is its own scope."""
        return found[: whole(query.get("$top", ""), len(found))]

    def check_delete(self, record: Record, store: ResourceStore) -> None:
        """Raise ArmError when the resource may not be deleted now."""

    async def settle(self, record: Record, store: ResourceStore) -> Record:
        """Carry out an asynchronous write; the returned record is stored. Raises ArmError when it fails."""
        return record

    async def remove(self, record: Record) -> None:
        """Remove what belongs to the resource, before its record is deleted. Must be idempotent."""

    def marked(self, record: Record, query: Query) -> Record:
        """A record that is about to be deleted, with the options in the request's query."""
        return record

    def forgotten(self, record: Record) -> None:
        """Called in the transaction that deletes the record: a type may keep it for recovery."""

    def purge(self, named: ResourceId, query: Query) -> bool:
        """Purge a deleted resource, if the query asks for that. Returns whether there was one."""
        return False

    def actions(self) -> Mapping[str, Action]:
        """The POST actions, by name in lower case."""
        return {}

    def early_actions(self) -> Mapping[str, EarlyAction]:
        """The POST actions on a name that does not exist yet."""
        return {}

    def _place(self, write: Write, body: Json) -> None:
        old = write.existing
        if not self.located:
            return
        if not body.get("location"):
            raise bad_request("The location property is required for this definition.", "LocationRequired")
        if old and _region(str(body["location"])) != old.location:
            raise conflict(
                f"The resource '{write.id.name}' already exists in location '{old.location}'. "
                f"A resource with the same name cannot be created in location '{body['location']}'.",
                "InvalidResourceLocation",
            )


def _check_region(body: Json) -> None:
    """A region is one or two words."""
    if not _REGION.fullmatch(body.get("location", "")):
        message = f"The location {body['location']!r} is not available: it must be a region, as westeurope."
        raise bad_request(message, "LocationNotAvailableForResourceType")


def is_flagged(query: Query, name: str) -> bool:
    """Whether a query parameter, found without regard to case, is true."""
    return any(key.lower() == name.lower() and value.lower() == "true" for key, value in query.items())


class Types:
    """All types, found by name without regard to case."""

    def __init__(self, types: Iterable[ResourceType]) -> None:
        self._types = {entry.name.lower(): entry for entry in types}

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self._types.values())

    def get(self, kind: str) -> ResourceType:
        """A type. Raises ArmError 400 when the local Azure has no such type."""
        found = self._types.get(kind.lower())
        if found is None:
            namespace = kind.partition("/")[0]
            message = f"The resource type '{kind}' could not be found in the namespace '{namespace}'."
            hint = TEMPLATES_HINT if kind.lower() == TEMPLATES else ""
            raise bad_request(message + hint, "InvalidResourceType")
        return found


def _region(text: str) -> str:
    return text.lower().replace(" ", "")


def _identity(asked: Json, hidden: Json, store: ResourceStore) -> Json:
    """A managed identity as Azure completes it. A system-assigned principal lives as long as its resource."""
    kinds = set(str(asked.get("type", "None")).replace(" ", "").lower().split(","))
    if not kinds <= _IDENTITY_KINDS:
        message = f"identity.type {asked['type']!r} is not SystemAssigned, UserAssigned, both or None."
        raise bad_request(message, "ValidationError")
    answer: Json = {"type": asked.get("type", "None")}
    if "systemassigned" in kinds:
        principal = hidden.setdefault("principalId", str(uuid.uuid4()))
        answer |= {"principalId": principal, "tenantId": TENANT}
    if "userassigned" in kinds:
        users = section(asked, "userAssignedIdentities")
        answer["userAssignedIdentities"] = {name: _user(name, store) for name in users}
    return answer


def _user(id_text: str, store: ResourceStore) -> Json:
    found = store.find(id_text)
    if found is None or found.id.kind != USER_IDENTITIES.lower():
        raise bad_request(f"The identity '{id_text}' was not found.", "FailedIdentityOperation")
    return {name: found.properties.get(name) for name in ("principalId", "clientId")}
