"""The filter of a metrics query: `deployment eq 'blue' and (statusCode eq '424' or statusCode eq '500')`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from azml.emulator.control.arm.errors import bad_request

_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[()])|(?P<join>and|or)\b|(?P<name>[\w%.]+)\s+(?P<verb>eq|ne|sw|startswith)\s+'(?P<value>(?:[^']|'')*)')",
    re.IGNORECASE,
)
_LIMIT = 8_000  # characters


@dataclass(frozen=True)
class Condition:
    """A condition on the value of one dimension. Case does not matter, as in Azure."""

    verb: str
    value: str

    def allows(self, value: str) -> bool:
        """Whether a value meets the condition."""
        own, other = self.value.lower(), value.lower()
        if self.verb == "eq":
            return own in ("*", other)
        if self.verb == "ne":
            return own != other
        return other.startswith(own)


@dataclass(frozen=True)
class Filter:
    """Conditions by dimension in lower case. The dimensions that it names separate the series."""

    conditions: Mapping[str, tuple[Condition, ...]] = field(default_factory=dict)

    def allows(self, dimensions: Mapping[str, str]) -> bool:
        """Whether values with these dimensions, named in lower case, match."""
        return all(
            _meets(conditions, dimensions.get(name, "")) for name, conditions in self.conditions.items()
        )


def parse_filter(text: str) -> Filter:
    """Read a filter. Raises ArmError 400 when it is not valid, or joins two dimensions with `or`."""
    if len(text) > _LIMIT:
        raise bad_request("The filter is too long.")
    found: dict[str, list[Condition]] = {}
    last, join, depth, place = "", "", 0, 0
    while text[place:].strip():
        matched = _TOKEN.match(text, place)
        if matched is None:
            raise bad_request(f"The filter is not valid from '{text[place : place + 40].strip()}' on.")
        place = matched.end()
        if mark := matched["mark"]:
            depth += 1 if mark == "(" else -1
            if depth < 0:
                break
        elif matched["join"]:
            _check(bool(last) and not join, "'and' and 'or' must be between conditions")
            join = matched["join"].lower()
        else:
            name = matched["name"].lower()
            _check(not last or bool(join), "'and' or 'or' is missing between two conditions")
            _check(join != "or" or name == last, "'or' may not join different dimensions")
            verb = matched["verb"].lower().replace("startswith", "sw")
            found.setdefault(name, []).append(Condition(verb, matched["value"].replace("''", "'")))
            last, join = name, ""
    _check(depth == 0, "its brackets do not match")
    _check(not join, "a condition is missing at its end")
    return Filter({name: tuple(conditions) for name, conditions in found.items()})


def _meets(conditions: tuple[Condition, ...], value: str) -> bool:
    wanted = [one for one in conditions if one.verb != "ne"]
    unwanted = [one for one in conditions if one.verb == "ne"]
    return all(one.allows(value) for one in unwanted) and (
        not wanted or any(one.allows(value) for one in wanted)
    )


def _check(good: bool, message: str) -> None:
    if not good:
        raise bad_request(f"The filter is not valid: {message}.")
