"""Workspaces of Log Analytics: recreating a deleted one within 14 days recovers it."""

import uuid

from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.deleted import KEPT_DAYS, DeletedResources
from azml.emulator.control.arm.ids import ResourceId
from azml.emulator.control.arm.pages import Page, Question
from azml.emulator.control.arm.simple_types import KeyedType, kept
from azml.emulator.control.arm.store import Record
from azml.emulator.control.arm.types import Query, Write, is_flagged

_FORCE = "force"
_DELETED = "providers/Microsoft.OperationalInsights/deletedWorkspaces"


class LogAnalytics(KeyedType):
    """`workspaces` of Log Analytics, API 2023-09-01."""

    def __init__(self, deleted: DeletedResources) -> None:
        super().__init__(
            "Microsoft.OperationalInsights/workspaces",
            "sharedkeys",
            ("primarySharedKey", "secondarySharedKey"),
        )
        self.deleted = deleted

    def complete(self, write: Write, record: Record) -> Record:
        """A customer id and keys: the old ones, if a deleted workspace is recovered."""
        gone = self.deleted.find(write.id.text) if write.existing is None else None
        if gone and gone.record.location == record.location:
            record = record.with_hidden(**gone.record.hidden)
        self.deleted.drop(write.id.text)
        return kept(super().complete(write, record), customerId=str(uuid.uuid4()))

    def marked(self, record: Record, query: Query) -> Record:
        """Record whether the delete is permanent."""
        return record.with_hidden(purge=is_flagged(query, _FORCE))

    def forgotten(self, record: Record) -> None:
        """Kept for 14 days."""
        if not record.hidden.get("purge"):
            self.deleted.keep(record, KEPT_DAYS)

    def purge(self, named: ResourceId, query: Query) -> bool:
        """Delete with `force` a workspace that can still be recovered."""
        return is_flagged(query, _FORCE) and self.deleted.drop(named.text)

    def pages(self) -> list[Page]:
        """The page that lists the workspaces that can be recovered."""
        return [
            Page("GET", f"/subscriptions/{{subscription}}/{_DELETED}", self._list),
            Page("GET", f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/{_DELETED}", self._list),
        ]

    async def _list(self, question: Question) -> Answer:
        group = question.parts.get("group", "").lower()
        found = [
            self.present(one.record)
            for one in self.deleted.of(self.name)
            if group in ("", one.record.id.part("resourceGroups").lower())
        ]
        return Answer(200, {"value": found})
