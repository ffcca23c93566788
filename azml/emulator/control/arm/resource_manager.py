"""Azure Resource Manager's rules for all types: parents, conflicts, asynchronous operations, cascades."""

import time
from dataclasses import replace

from azml.emulator.base.identity import SUBSCRIPTION
from azml.emulator.control.arm.activity import ActivityLog
from azml.emulator.control.arm.additions import Additions
from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.bodies import checked
from azml.emulator.control.arm.errors import ArmError, bad_request, conflict, not_found
from azml.emulator.control.arm.ids import RESOURCE_GROUPS, SUBSCRIPTIONS, Collection, ResourceId, check_name
from azml.emulator.control.arm.json import Json, merged, section
from azml.emulator.control.arm.operations import Operation, Operations
from azml.emulator.control.arm.scopes import IMPLICIT, check_not_being_deleted, check_parents, check_scope
from azml.emulator.control.arm.steering import Span, Steering
from azml.emulator.control.arm.store import BUSY, SHOWN, Record, ResourceStore, missing
from azml.emulator.control.arm.tag_policies import TagPolicies
from azml.emulator.control.arm.types import Act, Changed, Query, ResourceType, Types, Write
from azml.emulator.control.arm.worker import Worker


class ResourceManager:
    """Handles every management request. Raises ArmError for whatever Azure would refuse."""

    def __init__(
        self,
        store: ResourceStore,
        operations: Operations,
        types: Types,
        steering: Steering,
        additions: Additions,
        activity: ActivityLog,
    ) -> None:
        self.store = store
        self.operations = operations
        self.types = types
        self.steering = steering
        self.additions = additions
        self.activity = activity
        self.policies = TagPolicies(store, types)
        self.worker = Worker(store, operations, types, steering, activity)

    def get(self, named: ResourceId) -> Answer:
        """One resource."""
        if named.kind == SUBSCRIPTIONS:
            check_scope(named.text)
            return Answer(200, _subscription(named))
        self.types.get(named.type)
        check_parents(named.parent, self.store, must_exist=False)
        self.steering.read(named.key)
        is_late, before = self.steering.late(named.key)
        if is_late and before is None:
            raise missing(named)
        return Answer(200, self._shown(before or self._found(named)))

    def list(self, collection: Collection, query: Query) -> Answer:
        """All resources of a type under a scope."""
        kind = self.types.get(collection.type)
        check_parents(collection.scope, self.store, must_exist=True)
        scope = kind.scope(collection.scope, query)
        found = {record.id.key: record for record in self.store.under(scope, collection.kind)}
        for key, before in self.steering.late_under(scope, collection.kind).items():
            found.pop(key, None)
            found |= {key: before} if before else {}
        members = sorted(found.values(), key=lambda record: record.sequence)
        shown = kind.select(members, query, collection.scope)
        return Answer(200, {"value": [self._shown(record) for record in shown]})

    def put(self, named: ResourceId, body: Json) -> Answer:
        """Create or replace a resource."""
        kind = self.types.get(named.type)
        check_parents(named.parent, self.store, must_exist=True)
        old = self.store.find(named.text)
        if old is None:
            check_name(named)
        self._check_writable(named, old)
        canonical = replace(old.id if old else named, type=kind.name)
        asked = checked(kind.name, "PUT", body)
        return self._write(kind, Write(canonical, asked, old, self.store), "PUT")

    def patch(self, named: ResourceId, body: Json) -> Answer:
        """Change a part of a resource: a merge patch of its type's patchable members; tags are replaced."""
        kind = self.types.get(named.type)
        old = self._found(named)
        self._check_writable(named, old)
        unknown = [name for name in body if name not in kind.patchable]
        if unknown:
            raise bad_request(f"A PATCH of {named.type} cannot change: {', '.join(unknown)}.", "InvalidPatch")
        whole = merged(old.body, checked(kind.name, "PATCH", body))
        if "tags" in body:
            whole["tags"] = {key: value for key, value in section(body, "tags").items() if value is not None}
        return self._write(kind, Write(old.id, whole, old, self.store), "PATCH")

    async def act(self, named: ResourceId, action: str, body: Json) -> Answer:
        """Run a POST action."""
        kind = self.types.get(named.type)
        if early := kind.early_actions().get(action.lower()):
            check_parents(named.parent, self.store, must_exist=True)
            self._check_writable(named, None)
            checked(kind.name, action, body)
            return Answer(200, await early(named, self.store))
        known = kind.actions().get(action.lower())
        if known is None:
            raise not_found(f"The resource type '{named.type}' has no action '{action}'.", "NotFound")
        record = self._found(named)
        outcome = await known(Act(record, checked(kind.name, action, body), self.store))
        if not isinstance(outcome, Changed):
            return Answer(200, outcome)
        self._check_writable(named, self.store.get(named.text))
        changed = outcome.record.with_properties(provisioningState="Updating")
        begun = self.worker.begin(changed, "POST", "POST")
        self.steering.lag("POST", named.text, record)
        return Answer(202, None, self.worker.start(begun))

    async def delete(self, named: ResourceId, query: Query) -> Answer:
        """Delete a resource and all below it. A missing one counts as deleted.

        Where Azure has no operation to wait for, the delete is complete when it is answered.
        """
        kind = self.types.get(named.type)
        record = self.store.find(named.text)
        if record is None:
            return self._purge(kind, named, query)
        if record.state == "Deleting":
            raise conflict(f"'{record.id.name}' is being deleted.", "AnotherOperationInProgress")
        if named.kind != RESOURCE_GROUPS:
            kind.check_delete(record, self.store)
        at_once = kind.deleted_at_once and not self.steering.expects("DELETE", record.id.text)
        going = kind.marked(record.with_properties(provisioningState="Deleting"), query)
        begun = self.worker.begin(going, "DELETE", "DELETE")
        self.steering.lag("DELETE", named.text, record)
        operation = self.worker.start(begun)
        if at_once:
            operation = await self.worker.worked(operation)
        if operation.error:
            raise ArmError(500, str(operation.error["code"]), str(operation.error["message"]))
        return Answer(202, None, operation) if operation.status == "InProgress" else Answer(200)

    def _purge(self, kind: ResourceType, named: ResourceId, query: Query) -> Answer:
        """A deleted resource may still hold its name. In a group that is gone there is nothing to purge."""
        check_parents(named.text, self.store, must_exist=False)
        with self.store.database.transaction():
            purged = kind.purge(named, query)
            self.activity.note(replace(named, type=kind.name), "delete")
        return Answer(200 if purged else 204)

    def progress(self, id_text: str) -> Operation:
        """The state of an operation. Raises ArmError 404."""
        if found := self.operations.find(id_text):
            self.steering.read(found.key)
            found = self.operations.find(id_text)
        if found is None:
            raise not_found(f"There is no operation '{id_text}'.", "OperationNotFound")
        return found

    def show(self, id_text: str, state: str, span: Span) -> None:
        """Show a resource in a state for a span, or permanently where the span has no end.

        Raises ArmError when it does not exist, is busy already, or would be busy permanently.
        """
        record = self.store.get(id_text)
        self._check_writable(record.id, record)
        shown = record.with_properties(provisioningState=state)
        if span != Span():
            self.store.put(shown.with_hidden(**{SHOWN: [state, record.state]}))
            self.steering.show(record.id.key, span, lambda: self._unshow(id_text))
        elif state in BUSY:
            raise bad_request(f"{state} needs an end: reads or seconds.")
        else:
            self.store.put(shown)

    def _unshow(self, id_text: str) -> None:
        found = self.store.find(id_text)
        if found is None or SHOWN not in found.hidden:
            return
        shown, true = found.hidden[SHOWN]
        restored = found.with_properties(provisioningState=true) if found.state == shown else found
        self.store.put(restored.without_hidden(SHOWN))

    def resume(self) -> None:
        """Resume what a stopped process left unfinished, and start the work that waited for this."""
        for member in self.store.family(f"/subscriptions/{SUBSCRIPTION}"):
            self._unshow(member.id.text)
        self.worker.resume()

    async def close(self) -> None:
        """Stop running work; the next start resumes it."""
        await self.worker.close()

    def _write(self, kind: ResourceType, write: Write, method: str) -> Answer:
        write = replace(write, body=self.policies.modified(write.id, write.body))
        begun = None
        # One transaction: a type may store more than one record, such as a workspace and its datastore.
        with self.store.database.transaction():
            record = kind.prepare(write).without_hidden(SHOWN).with_hidden(modified=time.time())
            if kind.asynchronous or self.steering.expects(method, record.id.text):
                state = "Updating" if write.existing else "Creating"
                begun = self.worker.begin(record.with_properties(provisioningState=state), method, method)
            else:
                record = self.store.put(record)
            self.activity.note(record.id, "write")
        self.steering.lag(method, write.id.text, write.existing)
        status = 200 if write.existing else kind.created
        if begun is None:
            return Answer(status, self._shown(record))
        operation = self.worker.start(begun)
        if method == "PATCH":
            return Answer(202, None, operation)
        return Answer(status, self._shown(begun.record), operation)

    def _shown(self, record: Record) -> Json:
        return self.types.get(record.id.kind).present(self.additions.shown(record))

    def result(self, operation: Operation) -> Answer:
        """The answer at the `Location` of an operation: 202 while it runs, then its result."""
        if operation.status == "InProgress":
            return Answer(202, None, operation)
        found = self.store.find(operation.key) if operation.verb == "PATCH" else None
        return Answer(200, self._shown(found)) if found else Answer(204)

    def _found(self, named: ResourceId) -> Record:
        if named.kind in IMPLICIT:
            self.store.get(named.parent)
            return Record(named, {"properties": {}})
        check_scope(named.text)
        return self.store.get(named.text)

    def _check_writable(self, named: ResourceId, record: Record | None) -> None:
        check_not_being_deleted(named.parent, self.store)
        if record is not None and record.state in BUSY:
            raise conflict(
                f"'{record.id.name}' is {record.state.lower()}: another operation on it is in progress.",
                "AnotherOperationInProgress",
            )


def _subscription(named: ResourceId) -> Json:
    text = f"/subscriptions/{SUBSCRIPTION}"
    return {"id": text, "subscriptionId": named.name, "displayName": "Local Azure", "state": "Enabled"}
