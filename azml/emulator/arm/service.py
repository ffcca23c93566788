"""Azure Resource Manager's rules over all types: parents, conflicts, asynchronous operations, cascades."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from azml.emulator.arm.errors import ArmError, bad_request, conflict, not_found
from azml.emulator.arm.ids import RESOURCE_GROUPS, SUBSCRIPTIONS, Collection, ResourceId, check_name
from azml.emulator.arm.json import Json, merged, section
from azml.emulator.arm.operations import Operation, Operations
from azml.emulator.arm.scopes import IMPLICIT, check_parents, check_scope, check_standing
from azml.emulator.arm.steering import Course, End, Span, Steering
from azml.emulator.arm.store import BUSY, Record, ResourceStore, missing
from azml.emulator.arm.tasks import Tasks
from azml.emulator.arm.types import Act, Changed, Query, ResourceType, Types, Write
from azml.emulator.identity import SUBSCRIPTION

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a request gets: the status, the resource or another body, and the operation to follow if any."""

    status: int
    body: Json | None = None
    operation: Operation | None = None


@dataclass(frozen=True)
class _Begun:
    """What is stored of an operation that has not been started, and how it is to go."""

    record: Record
    operation: Operation
    course: Course | None


class Service:
    """Every management request comes through here. Raises ArmError for whatever Azure would refuse."""

    def __init__(
        self, store: ResourceStore, operations: Operations, types: Types, steering: Steering
    ) -> None:
        self.store = store
        self.operations = operations
        self.types = types
        self.steering = steering
        self._tasks = Tasks()
        self._left_over = operations.unfinished()
        self._may_run = asyncio.Event()

    def get(self, named: ResourceId) -> Answer:
        """One resource."""
        if named.kind == SUBSCRIPTIONS:
            check_scope(named.text)
            return Answer(200, _subscription(named))
        kind = self.types.get(named.type)
        check_parents(named.parent, self.store, must_exist=False)
        self.steering.read(named.key)
        is_late, before = self.steering.late(named.key)
        if is_late and before is None:
            raise missing(named)
        return Answer(200, kind.present(before or self._found(named)))

    def list(self, collection: Collection, query: Query) -> Answer:
        """All resources of a type under a scope."""
        kind = self.types.get(collection.type)
        check_parents(collection.scope, self.store, must_exist=True)
        scope = kind.scope(collection.scope, query)
        found = {record.id.key: record for record in self.store.under(scope, collection.kind)}
        for key, before in self.steering.late_under(scope, collection.kind).items():
            found.pop(key, None)
            found |= {key: before} if before else {}
        shown = kind.select(sorted(found.values(), key=lambda record: record.sequence), query)
        return Answer(200, {"value": [kind.present(record) for record in shown]})

    def put(self, named: ResourceId, body: Json) -> Answer:
        """Create or replace a resource."""
        kind = self.types.get(named.type)
        check_parents(named.parent, self.store, must_exist=True)
        old = self.store.find(named.text)
        if old is None:
            check_name(named)
        self._check_writable(named, old)
        canonical = replace(old.id if old else named, type=kind.name)
        return self._write(kind, Write(canonical, body, old, self.store), "PUT")

    def patch(self, named: ResourceId, body: Json) -> Answer:
        """Change some of a resource: a merge patch of what its type lets be patched, tags as a whole."""
        kind = self.types.get(named.type)
        old = self._found(named)
        self._check_writable(named, old)
        unknown = [name for name in body if name not in kind.patchable]
        if unknown:
            raise bad_request(f"A PATCH of {named.type} cannot change: {', '.join(unknown)}.", "InvalidPatch")
        whole = merged(old.body, body)
        if "tags" in body:
            whole["tags"] = {key: value for key, value in section(body, "tags").items() if value is not None}
        return self._write(kind, Write(old.id, whole, old, self.store), "PATCH")

    async def act(self, named: ResourceId, action: str, body: Json) -> Answer:
        """Run a POST action."""
        kind = self.types.get(named.type)
        if early := kind.early_actions().get(action.lower()):
            check_parents(named.parent, self.store, must_exist=True)
            self._check_writable(named, None)
            return Answer(200, await early(named, self.store))
        known = kind.actions().get(action.lower())
        record = self._found(named)
        if known is None:
            raise not_found(f"The resource type '{named.type}' has no action '{action}'.", "NotFound")
        outcome = await known(Act(record, body, self.store))
        if not isinstance(outcome, Changed):
            return Answer(200, outcome)
        self._check_writable(named, self.store.get(named.text))
        changed = outcome.record.with_properties(provisioningState="Updating")
        begun = self._begin(changed, "POST", "POST")
        self.steering.lag("POST", named.text, record)
        return Answer(202, None, self._start(kind, begun))

    async def delete(self, named: ResourceId) -> Answer:
        """Delete a resource and all below it. What is not there is deleted already.

        Clients wait for no operation where Azure has none: such a delete is done when it is answered.
        """
        kind = self.types.get(named.type)
        record = self.store.find(named.text)
        if record is None:
            return Answer(204)
        if record.state == "Deleting":
            raise conflict(f"'{record.id.name}' is being deleted.", "AnotherOperationInProgress")
        if named.kind != RESOURCE_GROUPS:
            kind.check_delete(record, self.store)
        at_once = kind.deleted_at_once and not self.steering.expects("DELETE", record.id.text)
        begun = self._begin(record.with_properties(provisioningState="Deleting"), "DELETE", "DELETE")
        self.steering.lag("DELETE", named.text, record)
        operation = self._start(kind, begun)
        return await self._ended(operation) if at_once else Answer(202, None, operation)

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
        self._check_writable(record.id, record)
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
        restored = found.with_properties(provisioningState=true) if found.state == shown else found
        self.store.put(_as_it_is(restored))

    def resume(self) -> None:
        """Take up what a stopped process left unfinished, and let work begin.

        Until then what is written waits: the data plane is told the old before the new.
        """
        for member in self.store.family(f"/subscriptions/{SUBSCRIPTION}"):
            self._unshow(member.id.text)
        left, self._left_over = self._left_over, []
        for operation in (found for one in left if (found := self.operations.find(one.id))):
            self._take_up(operation)
        self._may_run.set()

    def _take_up(self, operation: Operation) -> None:
        if operation.status != "InProgress":  # given up meanwhile for a later one
            return
        record = self.store.find(operation.key)
        if record is None:
            self.operations.finish(operation, "Canceled")
        else:
            self._run(self.types.get(record.id.kind), record, operation)

    async def close(self) -> None:
        """Stop what runs; a later start takes it up again."""
        await self._tasks.close()

    def _write(self, kind: ResourceType, write: Write, method: str) -> Answer:
        status = 200 if write.existing else kind.created
        begun = None
        # One transaction: a type may store more than the one record, as a workspace its datastore.
        with self.store.database.transaction():
            record = _as_it_is(kind.prepare(write))
            if kind.asynchronous or self.steering.expects(method, record.id.text):
                state = "Updating" if write.existing else "Creating"
                begun = self._begin(record.with_properties(provisioningState=state), "PUT", method)
            else:
                record = self.store.put(record)
        self.steering.lag(method, write.id.text, write.existing)
        if begun is None:
            return Answer(status, kind.present(record))
        return Answer(status, kind.present(begun.record), self._start(kind, begun))

    def _begin(self, record: Record, verb: str, method: str) -> _Begun:
        """Store what an operation is about, and that it began."""
        course = self.steering.course(method, record.id.text)
        if course and course.state:
            record = record.with_properties(provisioningState=course.state)
        with self.store.database.transaction():
            return _Begun(self.store.put(record), self.operations.begin(record.id.key, verb), course)

    def _start(self, kind: ResourceType, begun: _Begun) -> Operation:
        """Carry out what has been stored: not before, for a full disk may have refused it."""
        self._run(kind, begun.record, begun.operation, begun.course)
        return begun.operation

    def _run(
        self, kind: ResourceType, record: Record, operation: Operation, course: Course | None = None
    ) -> None:
        if course and (error := course.error()):
            work = partial(self._fail, record, operation, course.ends, error)
        elif operation.verb == "DELETE":
            work = partial(self._remove, record, operation)
        else:
            work = partial(self._settle, kind, record, operation)
        self._tasks.start(record.id.key, work)

    async def _ended(self, operation: Operation) -> Answer:
        await self._tasks.ended(operation.key)
        ended = self.operations.find(operation.id)
        if ended and ended.error:
            raise ArmError(500, str(ended.error["code"]), str(ended.error["message"]))
        return Answer(200)

    async def _fail(self, record: Record, operation: Operation, ends: End, error: ArmError) -> None:
        self._finish(record, operation, ends, error)

    async def _settle(self, kind: ResourceType, record: Record, operation: Operation) -> None:
        await self._may_run.wait()
        try:
            settled = await kind.settle(record, self.store)
        except Exception as error:
            self._finish(record, operation, "Failed", _refusal(record, operation, error))
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
        await self._may_run.wait()
        family = self.store.family(record.id.text)
        await self._tasks.cancel([member.id.key for member in family if member.id.key != record.id.key])
        try:
            for member in family:
                await self.types.get(member.id.kind).remove(member)
        except Exception as error:
            self._finish(record, operation, "Failed", _refusal(record, operation, error))
        else:
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
        for key in keys:
            self.steering.drop(key)

    def _found(self, named: ResourceId) -> Record:
        if named.kind in IMPLICIT:
            self.store.get(named.parent)
            return Record(named, {"properties": {}})
        check_scope(named.text)
        return self.store.get(named.text)

    def _check_writable(self, named: ResourceId, record: Record | None) -> None:
        check_standing(named.parent, self.store)
        if record is not None and record.state in BUSY:
            raise conflict(
                f"'{record.id.name}' is {record.state.lower()}: another operation on it is in progress.",
                "AnotherOperationInProgress",
            )


def _as_it_is(record: Record) -> Record:
    """A record that is written: a state that was only shown is not brought back any more."""
    return replace(record, hidden={name: value for name, value in record.hidden.items() if name != "shown"})


def _refusal(record: Record, operation: Operation, error: Exception) -> ArmError:
    """What an operation says that failed."""
    if isinstance(error, ArmError):
        return error
    log.error("%s of %s failed", operation.verb, record.id.text, exc_info=error)
    return ArmError(500, "InternalServerError", f"The local Azure failed: {error}")


def _subscription(named: ResourceId) -> Json:
    text = f"/subscriptions/{SUBSCRIPTION}"
    return {"id": text, "subscriptionId": named.name, "displayName": "Local Azure", "state": "Enabled"}
