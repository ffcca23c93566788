"""Bodies made from Azure's published types: right ones, and those with one thing wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from azml.emulator.control.arm.published import Published, Shape, published
from tests.fixtures.control_plane import ACCOUNT, ENDPOINT, VAULT, WORKSPACE, Json

_DEEPEST = 4
"""Objects within objects, below which only what is required is given."""
TEXTS = st.sampled_from(
    [
        "",
        "a",
        "westeurope",
        "PT5S",
        "P1D",
        "1",
        "score.py",
        "https://127.0.0.1:1/x",
        "ü",
        "2030-01-01T00:00:00Z",
    ]
) | st.sampled_from([ACCOUNT, VAULT, WORKSPACE, ENDPOINT, f"{WORKSPACE}/models/m/versions/1", "azureml://x"])
_SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "integer": st.integers(-1, 200),
    "number": st.integers(-1, 200) | st.floats(0, 1e6),
    "boolean": st.booleans(),
    "any": st.none() | st.booleans() | TEXTS,
}
_NAMES = st.sampled_from(["a", "blue", "some-name"])


@dataclass(frozen=True)
class Place:
    """An object inside a body, of a known shape, and its path."""

    path: str
    shape: Shape
    value: Json


@st.composite
def right(draw: st.DrawFn, spec: str, deep: int = 0) -> Any:
    """A value of a published type, without what is Azure's to set."""
    if spec.startswith("[]"):
        return draw(st.lists(right(spec[2:], deep + 1), max_size=2))
    if spec.startswith("{}"):
        return draw(st.dictionaries(_NAMES, right(spec[2:], deep + 1), max_size=2))
    if spec.startswith("="):
        return draw(st.sampled_from(list(published().values(spec[1:]))))
    if not spec.startswith("@"):
        return draw(_SIMPLE[spec])
    rows: Json = {}
    shape = published().shape(spec[1:])
    if shape.kinds:
        kind = draw(st.sampled_from(sorted(shape.kinds)))
        rows, shape = {shape.tag: kind}, published().shape(shape.kinds[kind])
    optional = sorted(set(shape.members) - shape.required - shape.read - rows.keys())
    chosen = draw(st.lists(st.sampled_from(optional), max_size=4, unique=True)) if optional else []
    for name in [*sorted(shape.required - shape.read - rows.keys()), *(chosen if deep < _DEEPEST else ())]:
        rows[name] = draw(right(shape.members[name], deep + 1))
    return rows


@st.composite
def wrong(draw: st.DrawFn, spec: str) -> tuple[Json, str]:
    """A body with one thing wrong that no service could read, and what that is."""
    body: Json = draw(right(spec))
    place = draw(st.sampled_from(list(_places(published(), spec, body, ""))))
    ways = ["unknown"] if not place.shape.open else []
    answer = [name for name in place.value if place.shape.members.get(name, "any") != "any"]
    kept = place.shape.required & place.value.keys() - ({"location"} if not place.path else set())
    ways += ["type"] * bool(answer) + ["missing"] * bool(kept)
    way = draw(st.sampled_from(ways or ["none"]))
    if way == "unknown":
        place.value["unheardOf"] = draw(TEXTS)
        return body, f"{place.path}.unheardOf is not known"
    if way == "missing":
        name = draw(st.sampled_from(sorted(kept)))
        del place.value[name]
        return body, f"{place.path}.{name} is missing"
    if way == "type":
        name = draw(st.sampled_from(sorted(answer)))
        is_simple = place.shape.members[name][0] not in "[{@"
        place.value[name] = {"not": "this"} if is_simple else "text"
        return body, f"{place.path}.{name} has the wrong type"
    return {"unheardOf": 1}, "unheardOf is not known"


def _places(table: Published, spec: str, value: Any, path: str) -> Iterator[Place]:
    if spec.startswith("[]"):
        for number, item in enumerate(value):
            yield from _places(table, spec[2:], item, f"{path}[{number}]")
    elif spec.startswith("{}"):
        for name, item in value.items():
            yield from _places(table, spec[2:], item, f"{path}.{name}")
    elif spec.startswith("@"):
        shape = table.shape(spec[1:])
        shape = table.shape(shape.kinds[value[shape.tag]]) if shape.kinds else shape
        yield Place(path, shape, value)
        for name, item in value.items():
            yield from _places(table, shape.members.get(name, "any"), item, f"{path}.{name}")
