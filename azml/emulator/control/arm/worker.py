"""Carries out operations: their work, its end, and those that a stopped process left unfinished."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from azml.emulator.control.arm.activity import ActivityLog
from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.operations import Operation, Operations
from azml.emulator.control.arm.steering import Course, End, Steering
from azml.emulator.control.arm.store import SHOWN, Record, ResourceStore
from azml.emulator.control.arm.tasks import Tasks
from azml.emulator.control.arm.types import Types

log = logging.getLogger(__name__)
RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Begun:
    """An operation that is stored but not started, and how it is to proceed."""

    record: Record
    operation: Operation
    course: Course | None


class Worker:
    """Begins operations, does their work and records how they ended."""

    def __init__(
        self,
        store: ResourceStore,
        operations: Operations,
        types: Types,
        steering: Steering,
        activity: ActivityLog,
    ) -> None:
        self.store = store
        self.operations = operations
        self.types = types
        self.steering = steering
        self.activity = activity
        self._tasks = Tasks()
        self._left_over = operations.unfinished()
        self._may_work = asyncio.Event()

    def resume(self) -> None:
        """Resume what a stopped process left unfinished, and allow work to begin.

        Until then new writes wait: the data plane must get the old state before the new one.
        """
        left, self._left_over = self._left_over, []
        for operation in (found for one in left if (found := self.operations.find(one.id))):
            self._take_up(operation)
        self._may_work.set()

    async def close(self) -> None:
        """Stop running work; the next start resumes it."""
        await self._tasks.close()

    def begin(self, record: Record, verb: str, method: str) -> Begun:
        """Store an operation's record, and that it began, in the caller's transaction."""
        record = record.without_hidden(SHOWN)
        course = self.steering.course(method, record.id.text)
        if course and course.state:
            record = record.with_properties(provisioningState=course.state)
        with self.store.database.transaction():
            operation = self.operations.begin(record.id.key, verb)
            return Begun(self.store.put(record.with_hidden(operation=operation.id)), operation, course)

    def start(self, begun: Begun) -> Operation:
        """Carry out an operation after it was stored, which may have failed on a full disk."""
        self._run(begun.record, begun.operation, begun.course)
        return begun.operation

    async def worked(self, operation: Operation) -> Operation:
        """The operation once its work is done."""
        await self._tasks.ended(operation.key)
        return self.operations.find(operation.id) or operation

    def _run(self, record: Record, operation: Operation, course: Course | None = None) -> None:
        if course and (error := course.error()):
            work = partial(self._fail, record, operation, course.ends, error)
        elif operation.verb == "DELETE":
            work = partial(self._remove, record, operation)
        else:
            work = partial(self._settle, record, operation)
        self._tasks.start(record.id.key, work)

    async def _fail(self, record: Record, operation: Operation, ends: End, error: ArmError) -> None:
        self._finish(record, operation, ends, error)

    async def _settle(self, record: Record, operation: Operation) -> None:
        await self._may_work.wait()
        try:
            settled = await self.types.get(record.id.kind).settle(record, self.store)
        except Exception as error:
            self._finish(record, operation, "Failed", _refusal(record, operation, error))
        else:
            self._finish(settled, operation, "Succeeded")

    def _finish(self, record: Record, operation: Operation, ends: End, error: ArmError | None = None) -> None:
        ended = record.with_properties(provisioningState=ends)
        problem = error.error() if error else None
        note = partial(self._note, ended, operation, ends, problem)
        self.steering.when_over(record.id.key, partial(self._persist, note))

    def _note(self, ended: Record, operation: Operation, ends: End, error: Json | None) -> None:
        if not self._goes_on(operation):
            return
        with self.store.database.transaction():
            if self.store.find(ended.id.text) is None:
                self.operations.finish(operation, "Canceled")
                return
            self.store.put(ended)
            self.operations.finish(operation, ends, error)

    def _goes_on(self, operation: Operation) -> bool:
        found = self.operations.find(operation.id)
        return found is not None and found.status == "InProgress"

    def _persist(self, note: Callable[[], None]) -> None:
        """Store how an operation ended. Retried while the disk is full: clients are waiting."""
        try:
            note()
        except sqlite3.OperationalError as error:
            log.warning("an operation's end cannot be written: %s; it will be tried again", error)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._persist, note)

    async def _remove(self, record: Record, operation: Operation) -> None:
        await self._may_work.wait()
        family = self.store.family(record.id.text)
        await self._tasks.cancel([member.id.key for member in family if member.id.key != record.id.key])
        try:
            for member in family:
                await self.types.get(member.id.kind).remove(member)
        except Exception as error:
            self._finish(record, operation, "Failed", _refusal(record, operation, error))
        else:
            note = partial(self._forget_family, family, operation)
            self.steering.when_over(record.id.key, partial(self._persist, note))

    def _forget_family(self, family: Sequence[Record], operation: Operation) -> None:
        keys = {member.id.key for member in family}
        with self.store.database.transaction():
            for member in family:
                self.store.delete(member.id.text)
                self.types.get(member.id.kind).forgotten(member)
                self.activity.note(member.id, "delete")
            for pending in self.operations.unfinished():
                if pending.id != operation.id and pending.key in keys:
                    self.operations.finish(pending, "Canceled")
            self.operations.finish(operation, "Succeeded")
        for key in keys:
            self.steering.drop(key)

    def _take_up(self, operation: Operation) -> None:
        if operation.status != "InProgress":  # canceled meanwhile by a later one
            return
        record = self.store.find(operation.key)
        if record is None:
            self.operations.finish(operation, "Canceled")
        else:
            self._run(record, operation)


def _refusal(record: Record, operation: Operation, error: Exception) -> ArmError:
    """The error of a failed operation."""
    if isinstance(error, ArmError):
        return error
    log.error("%s of %s failed", operation.verb, record.id.text, exc_info=error)
    return ArmError(500, "InternalServerError", f"The local Azure failed: {error}")
