"""What Azure holds of what a program declares: two sets of inputs of one resource, side by side."""

from collections.abc import Iterator, Mapping
from typing import Any

MASKED = "[secret]"
"""What a preview shows in place of a secret."""
_MARK = "__"
"""How the provider's own notes among the inputs begin."""


def held(declared: Mapping[str, Any], actual: Mapping[str, Any], unknown: frozenset[str]) -> dict[str, Any]:
    """`declared` with Azure's values in place of its own; without what Azure does not hold.

    What Azure adds by itself is left out: an update is not to take it away. A value that the program does not
    know yet (its text is one of `unknown`) is Azure's. A secret is left out: the next update writes it.
    """
    marks = {key: value for key, value in declared.items() if key.startswith(_MARK)}
    told = [key for key in declared if key in actual and key not in marks and declared[key] != MASKED]
    return {**marks, **{key: _held(key, declared[key], actual[key], unknown) for key in told}}


def _held(key: str, declared: Any, actual: Any, unknown: frozenset[str]) -> Any:
    if isinstance(declared, Mapping) and isinstance(actual, Mapping):
        return held(declared, actual, unknown)
    return declared if same(key, declared, actual) else actual


def differing(
    declared: Mapping[str, Any], actual: Mapping[str, Any], unknown: frozenset[str], path: str = ""
) -> Iterator[str]:
    """The paths of the inputs that Azure does not hold as the program declares them."""
    for key, value in declared.items():
        place, now = f"{path}.{key}" if path else key, actual.get(key)
        if key.startswith(_MARK) or value == MASKED or (isinstance(value, str) and value in unknown):
            continue
        if isinstance(value, Mapping) and isinstance(now, Mapping):
            yield from differing(value, now, unknown, place)
        elif not same(key, value, now):
            yield place


def same(key: str, one: Any, other: Any) -> bool:
    """Whether Azure takes the two for the same; it spells ids and locations in more than one way."""
    if not isinstance(one, str) or not isinstance(other, str):
        nothing: tuple[Any, ...] = (None, {}, [])
        return bool(one == other) or (one in nothing and other in nothing)
    if key == "location":
        return one.replace(" ", "").lower() == other.replace(" ", "").lower()
    return one == other or (one.startswith("/subscriptions/") and one.lower() == other.lower())
