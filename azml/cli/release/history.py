"""Who had the users before: read from the stack's own history.

Pulumi keeps the configuration of every update with the stack, in whichever backend it has, so the record is
there for every member of a team and nothing more has to be written anywhere.
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
    """The shares, in percent, that one update asked for, and whether it ended well."""

    traffic: Mapping[str, int]
    succeeded: bool = True


def asked_before(engine: Engine, key: str) -> list[Asked]:
    """What each update since the stack was last destroyed asked for the endpoint `key`, newest first."""
    command = ["stack", "history", "--output", "json", "--page-size", str(PAGE), "--stack", engine.stack]
    return list(asked_in(engine.json(*command) or [], key))


def asked_in(updates: Iterable[Mapping[str, Any]], key: str) -> Iterator[Asked]:
    """What these updates, newest first, asked for the endpoint `key`."""
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
    """The slot to go back to: the one that last had all the traffic and has not now.

    `live` are the shares now, `declared` those of the stack file. A slot that got all the traffic back
    already, or never lost it because the update that was to move it failed, stays. Where no other slot ever
    had all of it, it is the one with the largest share in the first split on record: a version comes in with
    a small share. None when the record says nothing.
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
    """The slot with all the traffic, None when several share it or there is none."""
    return next((slot for slot, share in traffic.items() if share == 100), None)


def largest(traffic: Mapping[str, int]) -> str | None:
    """The slot with the largest share, None when two have as much or there is none."""
    most = max(traffic.values(), default=0)
    slots = [slot for slot, share in traffic.items() if share == most]
    return slots[0] if len(slots) == 1 else None


def _traffic(value: object, key: str) -> dict[str, int]:
    """The shares an update's setting has for `key`; none where it is malformed: that update failed for it."""
    endpoints = None
    with contextlib.suppress(ValueError):
        endpoints = json.loads(value) if isinstance(value, str) else None
    traffic = _under(_under(endpoints, key), "traffic")
    shares = traffic if isinstance(traffic, Mapping) else {}
    return {slot: share for slot, share in shares.items() if isinstance(share, int) and share}


def _under(value: object, key: str) -> object:
    return value.get(key) if isinstance(value, Mapping) else None
