"""Counts and measurements by the minute, in a SQLite file of their own that outlives every process."""

import contextlib
import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from azml.emulator.base import sqlite_file
from azml.emulator.base.damage import is_damage, note, set_aside, wrong_with_database
from azml.emulator.contract.answer_counts import Counted, tally_from_json
from azml.emulator.supervisor.serving.usage import Usage, usage_from_json

KEPT_SECONDS = 7 * 86_400
_ANSWERS, _USAGE = "answers", "usage"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS minutes (
    minute INTEGER NOT NULL, kind TEXT NOT NULL, endpoint TEXT NOT NULL, deployment TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (minute, kind, endpoint, deployment)) WITHOUT ROWID;
"""
log = logging.getLogger(__name__)


class MetricsHistory:
    """The minutes of a week. A full disk loses measurements but stops nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists() and (wrong := wrong_with_database(path)):
            self._put_aside(wrong)
        self._connection = sqlite_file.open_file(path, _SCHEMA)

    def add_answers(self, counted: Iterable[Counted]) -> None:
        """Add answers to their minutes."""
        with self._writing():
            for one in counted:
                place = (one.minute, _ANSWERS, one.endpoint, one.deployment)
                if known := self._find(place):
                    one.tally.add(tally_from_json(known))
                self._put(place, one.tally.to_json())

    def add_usage(self, minute: int, endpoint: str, deployment: str, usage: Usage) -> None:
        """Add a sample to its minute."""
        with self._writing():
            place = (minute, _USAGE, endpoint, deployment)
            if known := self._find(place):
                usage = usage_from_json(known).plus(usage)
            self._put(place, usage.to_json())

    def answers(self, since: float, endpoint: str | None = None) -> list[dict[str, Any]]:
        """The answers in the minutes that begin at `since` (unix time) or later, oldest first: minute,
        endpoint, deployment and `Tally.summary`."""
        return [
            {**_head(row), **tally_from_json(json.loads(row[3])).summary()}
            for row in self._rows(_ANSWERS, since, endpoint)
        ]

    def slow(self, since: float, endpoint: str, milliseconds: float) -> list[dict[str, Any]]:
        """The answers of an endpoint in the minutes from `since` on: minute, endpoint, deployment,
        and how many there are (`requests`) and took longer (`slow`)."""
        return [
            {**_head(row), "requests": tally.count, "slow": tally.slower_than(milliseconds)}
            for row in self._rows(_ANSWERS, since, endpoint)
            for tally in (tally_from_json(json.loads(row[3])),)
        ]

    def usage(self, since: float, endpoint: str | None = None) -> list[dict[str, Any]]:
        """The instances' usage in the minutes from `since` on: minute, endpoint, deployment and `Usage`."""
        return [{**_head(row), **json.loads(row[3])} for row in self._rows(_USAGE, since, endpoint)]

    def forget(self, before: float) -> None:
        """Delete the minutes before a time."""
        with self._writing():
            self._connection.execute("DELETE FROM minutes WHERE minute < ?", (int(before),))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
        except sqlite3.OperationalError as error:
            log.warning("measurements are lost: %s", error)
        except sqlite3.DatabaseError as error:
            self._begin_anew(error)

    def _begin_anew(self, error: sqlite3.DatabaseError) -> None:
        """Start with an empty file if the current one is damaged. Re-raises any other error."""
        if not is_damage(error):
            raise error
        self._connection.close()
        self._put_aside(f"is damaged: {error}")
        self._connection = sqlite_file.open_file(self._path, _SCHEMA)

    def _put_aside(self, wrong: str) -> None:
        kept = set_aside(self._path)
        message = f"{self._path.name} {wrong}; metrics start over. The damaged file is {kept.name}."
        note(self._path.parent, message)

    def _find(self, place: tuple[int, str, str, str]) -> dict[str, Any] | None:
        row = self._connection.execute(
            "SELECT content FROM minutes WHERE (minute, kind, endpoint, deployment) = (?, ?, ?, ?)", place
        ).fetchone()
        return dict(json.loads(row[0])) if row else None

    def _put(self, place: tuple[int, str, str, str], content: object) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO minutes VALUES (?, ?, ?, ?, ?)", (*place, json.dumps(content))
        )

    def _rows(self, kind: str, since: float, endpoint: str | None) -> list[tuple[int, str, str, str]]:
        try:
            return self._connection.execute(
                "SELECT minute, endpoint, deployment, content FROM minutes WHERE kind = ?1 AND minute >= ?2 "
                "AND (?3 IS NULL OR endpoint = ?3) ORDER BY minute, deployment",
                (kind, since, endpoint),
            ).fetchall()
        except sqlite3.DatabaseError as error:
            self._begin_anew(error)
            return []


def _head(row: tuple[int, str, str, str]) -> dict[str, Any]:
    return {"minute": row[0], "endpoint": row[1], "deployment": row[2]}
