"""Which slot had the live traffic before, according to the stack's history.

Pulumi keeps the configuration of every update with the stack, in any backend, so every member of a team has
the record and nothing else has to be written.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azml.cli.local.engine import Engine

PAGE = 100


@dataclass(frozen=True)
class Asked:
    """The shares, in percent, that one update requested, and whether it succeeded."""

    traffic: Mapping[str, int]
    succeeded: bool = True


def asked_before(engine: Engine, key: str) -> list[Asked]:
    """The shares each update since the last destroy requested for the endpoint `key`, newest first."""
    command = ["stack", "history", "--output", "json", "--page-size", str(PAGE), "--stack", engine.stack]
    return list(asked_in(engine.json(*command) or [], key))


def asked_in(updates: Iterable[Mapping[str, Any]], key: str) -> Iterator[Asked]:
    """The shares that these updates, newest first, requested for the endpoint `key`."""
    for update in updates:
        if update.get("kind") == "destroy":
            return
        setting = (update.get("config") or {}).get("azml:endpoints") or {}
        traffic = _traffic(setting.get("value"), key)
        if update.get("kind") == "update" and traffic:
            yield Asked(traffic, update.get("result") == "succeeded")


def before(
    past: Sequence[Asked], live: Mapping[str, int], declared: Mapping[str, int] | None, exists: Iterable[str]
) -> str | None:
    """The slot to go back to: the last one that had all the traffic and no longer has it.

    `live` are the current shares, `declared` those of the stack file. A slot that already has all the traffic
    back, or never lost it because the update that should move it failed, keeps it. If no other slot ever had
    all of it, it is the one with the largest share in the first recorded split, because a new version starts
    with a small share. None when the history has no answer.
    """
    now, known = holder(live), set(exists)
    newest = past[0] if past else None
    if now and newest and newest.traffic != live and (declared == live or not newest.succeeded):
        return now
    done = [one.traffic for one in past if one.succeeded]
    holders = [holder(traffic) for traffic in done]
    first = [largest(traffic) for traffic in reversed(done)]
    return next((slot for slot in [*holders, *first] if slot in known and slot != now), None)


def holder(traffic: Mapping[str, int]) -> str | None:
    """The slot with all the traffic; None when several share it or there is none."""
    return next((slot for slot, share in traffic.items() if share == 100), None)


def largest(traffic: Mapping[str, int]) -> str | None:
    """The slot with the largest share; None when there is a tie or no traffic."""
    most = max(traffic.values(), default=0)
    slots = [slot for slot, share in traffic.items() if share == most]
    return slots[0] if len(slots) == 1 else None


def _traffic(value: object, key: str) -> dict[str, int]:
    """The shares for `key` in an update's setting; empty when malformed, in which case the update failed."""
    endpoints = None
    with contextlib.suppress(ValueError):
        endpoints = json.loads(value) if isinstance(value, str) else None
    traffic = _under(_under(endpoints, key), "traffic")
    shares = traffic if isinstance(traffic, Mapping) else {}
    return {slot: share for slot, share in shares.items() if isinstance(share, int) and share}


def _under(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, Mapping) else None
