"""Azure Resource Manager's rules over all types: parents, conflicts, asynchronous operations, cascades."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace

from azml.emulator.arm.errors import ArmError, bad_request, conflict, not_found
from azml.emulator.arm.ids import RESOURCE_GROUPS, SUBSCRIPTIONS, Collection, ResourceId, resource_id
from azml.emulator.arm.json import Json, merged, section
from azml.emulator.arm.operations import Operation, Operations
from azml.emulator.arm.store import BUSY, SUCCEEDED, Record, ResourceStore
from azml.emulator.arm.types import Act, Changed, Query, ResourceType, Types, Write
from azml.emulator.identity import SUBSCRIPTION

log = logging.getLogger(__name__)
IMPLICIT = ("microsoft.storage/storageaccounts/blobservices",)  # there as soon as their parent is
FREE_PARENTS = (
    "microsoft.machinelearningservices/workspaces/models",
    "microsoft.machinelearningservices/workspaces/codes",
    "microsoft.machinelearningservices/workspaces/environments",
)  # a version makes its container, and the versions of an unknown one are an empty list


@dataclass(frozen=True)
class Answer:
    """What a request gets: the status, the resource or another body, and the operation to follow if any."""

    status: int
    body: Json | None = None
    operation: Operation | None = None


class Service:
    """Every management request comes through here. Raises ArmError for whatever Azure would refuse."""

    def __init__(self, store: ResourceStore, operations: Operations, types: Types) -> None:
        self.store = store
        self.operations = operations
        self.types = types
        self._running: dict[str, asyncio.Task[None]] = {}

    def get(self, named: ResourceId) -> Answer:
        """One resource."""
        if named.kind == SUBSCRIPTIONS:
            self._check_scope(named.text)
            return Answer(200, _subscription(named))
        kind = self.types.get(named.kind)
        self._check_parents(named.parent, must_exist=False)
        return Answer(200, kind.present(self._found(named)))

    def list(self, collection: Collection, query: Query) -> Answer:
        """All resources of a type under a scope."""
        kind = self.types.get(collection.kind)
        self._check_parents(collection.scope, must_exist=True)
        found = kind.select(self.store.under(kind.scope(collection.scope, query), collection.kind), query)
        return Answer(200, {"value": [kind.present(record) for record in found]})

    def put(self, named: ResourceId, body: Json) -> Answer:
        """Create or replace a resource."""
        kind = self.types.get(named.kind)
        self._check_parents(named.parent, must_exist=True)
        old = self.store.find(named.text)
        self._check_idle(old)
        canonical = replace(old.id if old else named, type=kind.name)
        return self._write(kind, Write(canonical, body, old, self.store))

    def patch(self, named: ResourceId, body: Json) -> Answer:
        """Change some of a resource: a merge patch of what its type lets be patched, tags as a whole."""
        kind = self.types.get(named.kind)
        old = self._found(named)
        self._check_idle(old)
        unknown = [name for name in body if name not in kind.patchable]
        if unknown:
            raise bad_request(f"A PATCH of {named.type} cannot change: {', '.join(unknown)}.", "InvalidPatch")
        whole = merged(old.body, body)
        if "tags" in body:
            whole["tags"] = {key: value for key, value in section(body, "tags").items() if value is not None}
        return self._write(kind, Write(old.id, whole, old, self.store))

    async def act(self, named: ResourceId, action: str, body: Json) -> Answer:
        """Run a POST action."""
        kind = self.types.get(named.kind)
        if early := kind.early_actions().get(action.lower()):
            self._check_parents(named.parent, must_exist=True)
            return Answer(200, await early(named, self.store))
        known = kind.actions().get(action.lower())
        record = self._found(named)
        if known is None:
            raise not_found(f"The resource type '{named.type}' has no action '{action}'.", "NotFound")
        outcome = await known(Act(record, body, self.store))
        if not isinstance(outcome, Changed):
            return Answer(200, outcome)
        self._check_idle(self.store.get(named.text))
        changed = outcome.record.with_properties(provisioningState="Updating")
        return Answer(202, None, self._begin(kind, changed, "POST"))

    def delete(self, named: ResourceId) -> Answer:
        """Delete a resource and all below it. What is not there is deleted already."""
        kind = self.types.get(named.kind)
        record = self.store.find(named.text)
        if record is None:
            return Answer(204)
        if record.state == "Deleting":
            raise conflict(f"'{record.id.name}' is being deleted.", "AnotherOperationInProgress")
        if named.kind != RESOURCE_GROUPS:
            kind.check_delete(record, self.store)
        operation = self._begin(kind, record.with_properties(provisioningState="Deleting"), "DELETE")
        return Answer(202, None, operation)

    def resume(self) -> None:
        """Take up what a stopped process left unfinished."""
        for operation in self.operations.unfinished():
            record = self.store.find(operation.key)
            if record is None:
                self.operations.finish(operation, "Canceled")
            else:
                self._run(self.types.get(record.id.kind), record, operation)

    async def close(self) -> None:
        """Stop what runs; a later start takes it up again."""
        await self._cancel(list(self._running))

    def _write(self, kind: ResourceType, write: Write) -> Answer:
        # One transaction: a type may store more than the one record, as a workspace its datastore.
        with self.store.database.transaction():
            return self._write_inside(kind, write)

    def _write_inside(self, kind: ResourceType, write: Write) -> Answer:
        record = kind.prepare(write)
        status = 200 if write.existing else 201
        if not kind.asynchronous:
            return Answer(status, kind.present(self.store.put(record)))
        state = "Updating" if write.existing else "Creating"
        record = record.with_properties(provisioningState=state)
        operation = self._begin(kind, record, "PUT")
        return Answer(status, kind.present(self.store.get(record.id.text)), operation)

    def _begin(self, kind: ResourceType, record: Record, verb: str) -> Operation:
        with self.store.database.transaction():
            stored = self.store.put(record)
            operation = self.operations.begin(record.id.key, verb)
        self._run(kind, stored, operation)
        return operation

    def _run(self, kind: ResourceType, record: Record, operation: Operation) -> None:
        delete = operation.verb == "DELETE"
        work = self._remove(record, operation) if delete else self._settle(kind, record, operation)
        previous = self._running.get(record.id.key)
        task = asyncio.create_task(self._after(previous, work) if previous else work)
        self._running[record.id.key] = task
        task.add_done_callback(lambda done: self._forget(record.id.key, done))

    async def _after(self, previous: asyncio.Task[None], work: Coroutine[None, None, None]) -> None:
        previous.cancel()
        await asyncio.wait([previous])
        await work

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._running.get(key) is task:
            del self._running[key]

    async def _settle(self, kind: ResourceType, record: Record, operation: Operation) -> None:
        try:
            settled = await kind.settle(record, self.store)
        except asyncio.CancelledError:
            raise
        except ArmError as error:
            self._finish(record.with_properties(provisioningState="Failed"), operation, error)
        except Exception as error:
            log.exception("%s of %s failed", operation.verb, record.id.text)
            refusal = ArmError(500, "InternalServerError", f"The local Azure failed: {error}")
            self._finish(record.with_properties(provisioningState="Failed"), operation, refusal)
        else:
            self._finish(settled.with_properties(provisioningState=SUCCEEDED), operation, None)

    def _finish(self, record: Record, operation: Operation, error: ArmError | None) -> None:
        with self.store.database.transaction():
            if self.store.find(record.id.text) is None:
                self.operations.finish(operation, "Canceled")
                return
            self.store.put(record)
            self.operations.finish(
                operation, "Failed" if error else "Succeeded", error.error() if error else None
            )

    async def _remove(self, record: Record, operation: Operation) -> None:
        family = self.store.family(record.id.text)
        below = [member.id.key for member in family if member.id.key != record.id.key]
        await self._cancel(below)
        try:
            for member in family:
                await self.types.get(member.id.kind).remove(member)
        except ArmError as error:
            self._finish(record.with_properties(provisioningState="Failed"), operation, error)
            return
        with self.store.database.transaction():
            for member in family:
                self.store.delete(member.id.text)
            for pending in self.operations.unfinished():
                if pending.id != operation.id and pending.key in (record.id.key, *below):
                    self.operations.finish(pending, "Canceled")
            self.operations.finish(operation, "Succeeded")

    async def _cancel(self, keys: Sequence[str]) -> None:
        tasks = [self._running[key] for key in keys if key in self._running]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _found(self, named: ResourceId) -> Record:
        if named.kind in IMPLICIT:
            self.store.get(named.parent)
            return Record(named, {"properties": {}})
        self._check_scope(named.text)
        return self.store.get(named.text)

    def _check_idle(self, record: Record | None) -> None:
        if record is not None and record.state in BUSY:
            raise conflict(
                f"'{record.id.name}' is {record.state.lower()}: another operation on it is in progress.",
                "AnotherOperationInProgress",
            )

    def _check_scope(self, path: str) -> None:
        segments = path.strip("/").split("/")
        if segments[0].lower() == "subscriptions" and len(segments) > 1 and segments[1] != SUBSCRIPTION:
            message = f"The subscription '{segments[1]}' could not be found."
            raise not_found(message, "SubscriptionNotFound")

    def _check_parents(self, scope: str, *, must_exist: bool) -> None:
        self._check_scope(scope)
        segments = scope.strip("/").split("/")
        if len(segments) >= 4 and segments[2].lower() == "resourcegroups":
            group = "/" + "/".join(segments[:4])
            if self.store.find(group) is None:
                message = f"Resource group '{segments[3]}' could not be found."
                raise not_found(message, "ResourceGroupNotFound")
        if must_exist and len(segments) > 4:
            self._check_parent(resource_id(scope))

    def _check_parent(self, parent: ResourceId) -> None:
        if parent.kind in IMPLICIT or parent.kind in FREE_PARENTS:
            parent = resource_id(parent.parent)
        found = self.store.find(parent.text)
        if found is None or found.state == "Deleting":
            raise not_found(
                "Can not perform requested operation on nested resource. "
                f"Parent resource '{parent.name}' not found.",
                "ParentResourceNotFound",
            )


def _subscription(named: ResourceId) -> Json:
    text = f"/subscriptions/{SUBSCRIPTION}"
    return {"id": text, "subscriptionId": named.name, "displayName": "Local Azure", "state": "Enabled"}
