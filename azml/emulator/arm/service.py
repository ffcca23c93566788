"""Azure Resource Manager's rules over all types: parents, conflicts, asynchronous operations, cascades."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace

from azml.emulator.arm.errors import ArmError, bad_request, conflict, not_found
from azml.emulator.arm.ids import RESOURCE_GROUPS, SUBSCRIPTIONS, Collection, ResourceId, check_name
from azml.emulator.arm.json import Json, merged, section
from azml.emulator.arm.operations import Operation, Operations
from azml.emulator.arm.scopes import IMPLICIT, check_parents, check_scope
from azml.emulator.arm.steering import Course, End, Span, Steering
from azml.emulator.arm.store import BUSY, Record, ResourceStore, missing
from azml.emulator.arm.types import Act, Changed, Query, ResourceType, Types, Write
from azml.emulator.identity import SUBSCRIPTION

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a request gets: the status, the resource or another body, and the operation to follow if any."""

    status: int
    body: Json | None = None
    operation: Operation | None = None


class Service:
    """Every management request comes through here. Raises ArmError for whatever Azure would refuse."""

    def __init__(
        self, store: ResourceStore, operations: Operations, types: Types, steering: Steering
    ) -> None:
        self.store = store
        self.operations = operations
        self.types = types
        self.steering = steering
        self._running: dict[str, asyncio.Task[None]] = {}

    def get(self, named: ResourceId) -> Answer:
        """One resource."""
        if named.kind == SUBSCRIPTIONS:
            check_scope(named.text)
            return Answer(200, _subscription(named))
        kind = self.types.get(named.kind)
        check_parents(named.parent, self.store, must_exist=False)
        self.steering.read(named.key)
        is_late, before = self.steering.late(named.key)
        if is_late and before is None:
            raise missing(named)
        return Answer(200, before if is_late else kind.present(self._found(named)))

    def list(self, collection: Collection, query: Query) -> Answer:
        """All resources of a type under a scope."""
        kind = self.types.get(collection.kind)
        check_parents(collection.scope, self.store, must_exist=True)
        found = kind.select(self.store.under(kind.scope(collection.scope, query), collection.kind), query)
        return Answer(200, {"value": [kind.present(record) for record in found]})

    def put(self, named: ResourceId, body: Json) -> Answer:
        """Create or replace a resource."""
        kind = self.types.get(named.kind)
        check_parents(named.parent, self.store, must_exist=True)
        old = self.store.find(named.text)
        if old is None:
            check_name(named)
        self._check_idle(old)
        canonical = replace(old.id if old else named, type=kind.name)
        return self._write(kind, Write(canonical, body, old, self.store), "PUT")

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
        return self._write(kind, Write(old.id, whole, old, self.store), "PATCH")

    async def act(self, named: ResourceId, action: str, body: Json) -> Answer:
        """Run a POST action."""
        kind = self.types.get(named.kind)
        if early := kind.early_actions().get(action.lower()):
            check_parents(named.parent, self.store, must_exist=True)
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
        self.steering.lag("POST", named.text, kind.present(record))
        return Answer(202, None, self._begin(kind, changed, "POST", "POST"))

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
        self.steering.lag("DELETE", named.text, kind.present(record))
        deleting = record.with_properties(provisioningState="Deleting")
        return Answer(202, None, self._begin(kind, deleting, "DELETE", "DELETE"))

    def progress(self, id_text: str) -> Operation:
        """How an operation stands. Raises ArmError 404."""
        if found := self.operations.find(id_text):
            self.steering.read(found.key)
            found = self.operations.find(id_text)
        if found is None:
            raise not_found(f"There is no operation '{id_text}'.", "OperationNotFound")
        return found

    def show(self, id_text: str, state: str, span: Span) -> None:
        """Have a resource in some state: for a while, or for good where the span says nothing.

        Raises ArmError when it is not there, is busy already, or would be busy for good.
        """
        record = self.store.get(id_text)
        self._check_idle(record)
        shown = record.with_properties(provisioningState=state)
        if span != Span():
            self.store.put(shown.with_hidden(shown=[state, record.state]))
            self.steering.show(record.id.key, span, lambda: self._unshow(id_text))
        elif state in BUSY:
            raise bad_request(f"{state} needs an end: reads or seconds.")
        else:
            self.store.put(shown)

    def _unshow(self, id_text: str) -> None:
        found = self.store.find(id_text)
        if found is None or "shown" not in found.hidden:
            return
        shown, true = found.hidden["shown"]
        hidden = {name: value for name, value in found.hidden.items() if name != "shown"}
        restored = found.with_properties(provisioningState=true) if found.state == shown else found
        self.store.put(replace(restored, hidden=hidden))

    def resume(self) -> None:
        """Take up what a stopped process left unfinished."""
        for member in self.store.family(f"/subscriptions/{SUBSCRIPTION}"):
            self._unshow(member.id.text)
        for operation in self.operations.unfinished():
            record = self.store.find(operation.key)
            if record is None:
                self.operations.finish(operation, "Canceled")
            else:
                self._run(self.types.get(record.id.kind), record, operation)

    async def close(self) -> None:
        """Stop what runs; a later start takes it up again."""
        await self._cancel(list(self._running))

    def _write(self, kind: ResourceType, write: Write, method: str) -> Answer:
        # One transaction: a type may store more than the one record, as a workspace its datastore.
        before = kind.present(write.existing) if write.existing else None
        with self.store.database.transaction():
            answer = self._write_inside(kind, write, method)
        self.steering.lag(method, write.id.text, before)
        return answer

    def _write_inside(self, kind: ResourceType, write: Write, method: str) -> Answer:
        record = kind.prepare(write)
        status = 200 if write.existing else 201
        if not (kind.asynchronous or self.steering.expects(method, record.id.text)):
            return Answer(status, kind.present(self.store.put(record)))
        state = "Updating" if write.existing else "Creating"
        record = record.with_properties(provisioningState=state)
        operation = self._begin(kind, record, "PUT", method)
        return Answer(status, kind.present(self.store.get(record.id.text)), operation)

    def _begin(self, kind: ResourceType, record: Record, verb: str, method: str) -> Operation:
        course = self.steering.course(method, record.id.text)
        if course and course.state:
            record = record.with_properties(provisioningState=course.state)
        with self.store.database.transaction():
            stored = self.store.put(record)
            operation = self.operations.begin(record.id.key, verb)
        self._run(kind, stored, operation, course)
        return operation

    def _run(
        self, kind: ResourceType, record: Record, operation: Operation, course: Course | None = None
    ) -> None:
        if course and (error := course.error()):
            work = self._fail(record, operation, course.ends, error)
        elif operation.verb == "DELETE":
            work = self._remove(record, operation)
        else:
            work = self._settle(kind, record, operation)
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

    async def _fail(self, record: Record, operation: Operation, ends: End, error: ArmError) -> None:
        self._finish(record, operation, ends, error)

    async def _settle(self, kind: ResourceType, record: Record, operation: Operation) -> None:
        try:
            settled = await kind.settle(record, self.store)
        except asyncio.CancelledError:
            raise
        except ArmError as error:
            self._finish(record, operation, "Failed", error)
        except Exception as error:
            log.exception("%s of %s failed", operation.verb, record.id.text)
            refusal = ArmError(500, "InternalServerError", f"The local Azure failed: {error}")
            self._finish(record, operation, "Failed", refusal)
        else:
            self._finish(settled, operation, "Succeeded")

    def _finish(self, record: Record, operation: Operation, ends: End, error: ArmError | None = None) -> None:
        ended = record.with_properties(provisioningState=ends)
        told = error.error() if error else None
        self.steering.when_over(record.id.key, lambda: self._note(ended, operation, ends, told))

    def _note(self, ended: Record, operation: Operation, ends: End, error: Json | None) -> None:
        with self.store.database.transaction():
            if self.store.find(ended.id.text) is None:
                self.operations.finish(operation, "Canceled")
                return
            self.store.put(ended)
            self.operations.finish(operation, ends, error)

    async def _remove(self, record: Record, operation: Operation) -> None:
        family = self.store.family(record.id.text)
        below = [member.id.key for member in family if member.id.key != record.id.key]
        await self._cancel(below)
        try:
            for member in family:
                await self.types.get(member.id.kind).remove(member)
        except ArmError as error:
            self._finish(record, operation, "Failed", error)
            return
        self.steering.when_over(record.id.key, lambda: self._forget_family(family, operation))

    def _forget_family(self, family: Sequence[Record], operation: Operation) -> None:
        keys = {member.id.key for member in family}
        with self.store.database.transaction():
            for member in family:
                self.store.delete(member.id.text)
            for pending in self.operations.unfinished():
                if pending.id != operation.id and pending.key in keys:
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
        check_scope(named.text)
        return self.store.get(named.text)

    def _check_idle(self, record: Record | None) -> None:
        if record is not None and record.state in BUSY:
            raise conflict(
                f"'{record.id.name}' is {record.state.lower()}: another operation on it is in progress.",
                "AnotherOperationInProgress",
            )


def _subscription(named: ResourceId) -> Json:
    text = f"/subscriptions/{SUBSCRIPTION}"
    return {"id": text, "subscriptionId": named.name, "displayName": "Local Azure", "state": "Enabled"}
