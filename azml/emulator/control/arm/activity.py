"""The activity log: which writes and deletes a resource has seen, for 90 days."""

import re
import uuid
from datetime import UTC, datetime

from azml.emulator.base.identity import SUBSCRIPTION
from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.clock import Clock
from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.ids import ResourceId
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.pages import Page, Question

KEPT = 10_000  # entries
_DAYS = 90
_TERM = re.compile(r"\s*(\w+)\s+(ge|le|eq)\s+'([^']*)'\s*", re.IGNORECASE)


class ActivityLog:
    """The entries, and the page that lists them.

    The page is `ActivityLogs - List` of Azure Monitor, API 2015-04-01: its filter must name a start, and may
    name an end and one resource. Azure shows an event after some minutes, the local one at once.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def note(self, resource: ResourceId, verb: str) -> None:
        """Record that a resource was written (`write`) or deleted (`delete`)."""
        self._database.write(
            "INSERT INTO activity (key, id, operation, at) VALUES (?, ?, ?, ?)",
            resource.key,
            resource.text,
            f"{resource.type}/{verb}",
            self._clock.wall(),
        )
        self._database.write("DELETE FROM activity WHERE seq <= (SELECT max(seq) FROM activity) - ?", KEPT)

    def pages(self) -> list[Page]:
        """The page that lists the entries."""
        path = "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
        return [Page("GET", path, self._list)]

    async def _list(self, question: Question) -> Answer:
        terms = _terms(question.query.get("$filter", ""))
        since = max(_seconds(terms.pop("eventtimestamp ge", "")), self._clock.wall() - _DAYS * 86_400)
        until = terms.pop("eventtimestamp le", "")
        of = terms.pop("resourceuri eq", None)
        if terms:
            raise bad_request(f"The filter is not supported: {', '.join(terms)}.", "BadRequest")
        rows = self._database.rows(
            "SELECT * FROM activity WHERE at >= ? AND at <= ? AND (? IS NULL OR key = ?) ORDER BY seq DESC",
            since,
            _seconds(until) if until else self._clock.wall(),
            of,
            of.lower() if of else None,
        )
        return Answer(200, {"value": [_event(row["id"], row["operation"], row["at"]) for row in rows]})


def _terms(text: str) -> dict[str, str]:
    """The terms of a filter, by name and operator in lower case. Raises ArmError 400."""
    found = [_TERM.fullmatch(term) for term in re.split(r"\s+and\s+", text, flags=re.IGNORECASE)]
    terms = {f"{one[1]} {one[2]}".lower(): one[3] for one in found if one}
    if not all(found) or "eventtimestamp ge" not in terms:
        message = "$filter must name a start: eventTimestamp ge '2026-01-31T00:00:00Z'."
        raise bad_request(message, "BadRequest")
    return terms


def _seconds(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_request(f"'{text}' is not a time such as 2026-01-31T00:00:00Z.", "BadRequest") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _event(id_text: str, operation: str, at: float) -> Json:
    provider = operation.partition("/")[0]
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{id_text}{operation}{at}"))
    return {
        "id": f"{id_text}/events/{name}/ticks/{int(at * 10_000_000)}",
        "operationId": name,
        "correlationId": name,
        "eventTimestamp": datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z"),
        "operationName": {"value": operation, "localizedValue": operation},
        "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
        "category": {"value": "Administrative", "localizedValue": "Administrative"},
        "resourceProviderName": {"value": provider, "localizedValue": provider},
        "resourceId": id_text,
        "subscriptionId": SUBSCRIPTION,
        "level": "Informational",
    }
