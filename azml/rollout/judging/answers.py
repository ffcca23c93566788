"""Answers of two deployments to one request, compared field by field."""

import math
import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import TypeGuard

from azml.rollout.gates import Field
from azml.rollout.judging.looks import Matches

STEP = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|\['(?P<quoted>[^']*)'\]|\[(?P<index>-?\d+)\]|(?P<all>\[\*\])")

Key = str | int | None
"""A name, a place (from 0, negative from the end), or None for all of a list or mapping."""


class Match(Enum):
    """How two answers compare; `absent` is that the path finds nothing in the stable deployment's."""

    EQUAL = auto()
    DIFFERENT = auto()
    ABSENT = auto()


def keys(path: str) -> tuple[Key, ...] | None:
    """The steps of a JSON path; None when it is none: `$` with `.name`, `['name']`, `[0]` and `[*]`.

    A subset of RFC 9535 (JSONPath), without filters, slices and descendants.
    """
    if not path.startswith("$"):
        return None
    found, place = [], 1
    while place < len(path):
        step = STEP.match(path, place)
        if step is None:
            return None
        index = step["index"]
        found.append(int(index) if index else None if step["all"] else step["name"] or step["quoted"] or "")
        place = step.end()
    return tuple(found)


def select(document: object, path: tuple[Key, ...]) -> list[object]:
    """Every value that the path finds, in the document's order."""
    values = [document]
    for key in path:
        values = [inner for value in values for inner in _inner(value, key)]
    return values


def _inner(value: object, key: Key) -> Iterator[object]:
    if key is None and isinstance(value, dict | list):
        yield from value.values() if isinstance(value, dict) else value
    elif isinstance(key, int) and isinstance(value, list):
        yield from [value[key]] if -len(value) <= key < len(value) else []
    elif isinstance(value, dict) and key in value:
        yield value[key]


def replaced(document: object, path: tuple[Key, ...], by: object) -> object:
    """The document with `by` in place of everything that the path finds."""
    if not path:
        return by
    key, rest = path[0], path[1:]
    if isinstance(document, dict):
        return {
            name: replaced(inner, rest, by) if key in (None, name) else inner
            for name, inner in document.items()
        }
    if isinstance(document, list):
        place = key + len(document) if isinstance(key, int) and key < 0 else key
        return [
            replaced(inner, rest, by) if place in (None, index) else inner
            for index, inner in enumerate(document)
        ]
    return document


def compare(field: Field, stable: object, candidate: object) -> Match:
    """Whether what the field's path finds in two answers (JSON documents) is equal, in the field's sense.

    Not for `function`, which azml.rollout.judging.agreement asks.
    """
    path = keys(field.path)
    old = [] if path is None else select(stable, path)
    if path is None or not old:
        return Match.ABSENT
    new = select(candidate, path)
    same = {"exact": _exact, "within": _within, "rank": _rank}[field.equal](old, new, field.tolerance)
    return Match.EQUAL if same else Match.DIFFERENT


def counted(before: Matches, match: Match) -> Matches:
    """The counts with one more comparison."""
    return Matches(
        before.compared + 1, before.equal + (match is Match.EQUAL), before.absent + (match is Match.ABSENT)
    )


def _exact(old: object, new: object, tolerance: float) -> bool:
    """JSON's equality: true is not 1, and 1 is 1.0."""
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_exact, old, new, [tolerance] * len(old)))
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_exact(old[key], new[key], tolerance) for key in old)
    return old == new


def _within(old: object, new: object, tolerance: float) -> bool:
    """Equal but for numbers, which may differ by the tolerance; not a number is equal to nothing."""
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_within, old, new, [tolerance] * len(old)))
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_within(old[key], new[key], tolerance) for key in old)
    if _number(old) and _number(new):
        return abs(old - new) <= tolerance
    return _exact(old, new, tolerance)


def _rank(old: list[object], new: list[object], tolerance: float) -> bool:
    """The numbers come in the same order by size, ties included; anything else is equal to nothing."""
    numbers, others = [[one for one in _flat(values) if _number(one)] for values in (old, new)]
    whole = len(numbers) == len(_flat(old)) and len(others) == len(_flat(new))
    return whole and _order(numbers) == _order(others)


def _flat(values: list[object]) -> list[object]:
    """A path to one list finds that list; a path to its members, the members."""
    return values[0] if len(values) == 1 and isinstance(values[0], list) else values


def _order(values: list[float]) -> list[int]:
    places = {value: place for place, value in enumerate(sorted(set(values)))}
    return [places[value] for value in values]


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
