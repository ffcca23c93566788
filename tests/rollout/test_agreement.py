"""Answers add up to counts, by field and by segment, and what is kept of them names nobody."""

import json
from dataclasses import replace

import pytest

from azml.rollout.gates import AgreementGate, Field
from azml.rollout.judging.agreement import LEFT_OUT, MOST_SEGMENTS, OTHERS, Exchange, masked, with_exchange
from azml.rollout.judging.answers import keys, replaced
from azml.rollout.judging.looks import Matches, Replayed

LABEL = Field("$.label", 0.9)
NOTHING = Replayed({})


def gate(**more: object) -> AgreementGate:
    return AgreementGate("agreement", "requests.jsonl", 10, (LABEL,), **more)  # type: ignore[arg-type]


def added(gate: AgreementGate, *pairs: tuple[object, object], **more: object) -> Replayed:
    look = NOTHING
    for number, (stable, candidate) in enumerate(pairs, 1):
        request = {"region": "north" if number % 2 else "south", **more}
        look = with_exchange(look, gate, Exchange(number, request, stable, candidate))
    return look


def test_every_field_and_segment_is_counted() -> None:
    same, other, odd = {"label": "a"}, {"label": "b"}, {"error": 1}
    look = added(gate(segment="$.region"), (same, same), (same, other), (odd, same))
    assert look.fields == {"$.label": Matches(3, 1, 1)}
    assert look.segments == {"north": {"$.label": Matches(2, 1, 1)}, "south": {"$.label": Matches(1, 0)}}
    assert look.mismatches == () and added(gate(), (same, same)).segments == {}


def test_a_request_without_a_segment_is_counted_too_and_segments_have_an_end() -> None:
    look = NOTHING
    for number in range(MOST_SEGMENTS + 2):
        exchange = Exchange(number, {"id": number}, {"label": 1}, {"label": 1})
        look = with_exchange(look, gate(segment="$.id"), exchange)
    assert len(look.segments) == MOST_SEGMENTS + 1 and look.segments[OTHERS] == {"$.label": Matches(2, 2)}
    assert set(added(gate(segment="$.none"), ({}, {})).segments) == {"(none)"}


def test_as_many_mismatches_are_kept_as_the_plan_says_with_the_requests_line() -> None:
    look = added(gate(keep_mismatches=1), *[({"label": "a"}, {"label": "b"})] * 3)
    assert [(one.request, one.stable, one.candidate) for one in look.mismatches] == [(1, '"a"', '"b"')]


def test_a_mismatch_shows_what_the_path_finds() -> None:
    def shown(path: str, stable: object) -> str:
        wanted = AgreementGate("agreement", "r", 10, (Field(path, 0.9),), 1)
        return added(wanted, (stable, "else")).mismatches[0].stable

    assert shown("$[*]", [1, 2]) == "[1, 2]" and shown("$[*]", [1]) == "1" and shown("$", "ä") == '"ä"'
    assert shown("$", 10**199) == str(10**199) and shown("$", 10**200) == f"{10**200:d}"[:200] + "…"
    assert masked(["x" * 40, "x" * 41]) == ["x" * 40, "(text of 41 characters)"]


def test_what_may_name_a_person_is_not_kept() -> None:
    whole = AgreementGate("agreement", "r", 10, (Field("$", 0.9),), 5, redact=("$.who.name", "$.ids[*]"))
    stable = {
        "label": "a",
        "who": {"name": "Ann", "mail": "ann@example.org"},
        "ids": [1, 2],
        "text": "x" * 41,
    }
    kept = json.loads(added(whole, (stable, {})).mismatches[0].stable)
    assert kept["who"]["name"] == LEFT_OUT and kept["ids"] == [LEFT_OUT] * 2 and kept["label"] == "a"
    assert "ann@" not in str(kept) and "xxx" not in str(kept) and "15 characters" in kept["who"]["mail"]
    assert masked({"4242424242": 1}) == {"(text of 10 characters)": 1}
    assert len(added(whole, (list(range(1000)), {})).mismatches[0].stable) == 201


def test_a_function_compares_whole_answers_with_their_request() -> None:
    named = AgreementGate("agreement", "r", 10, (Field("check.py:same", 0.9, "function"),))
    exchange = Exchange(1, {"tolerance": 2}, 10, 11)

    def same(request: object, stable: object, candidate: object) -> bool:
        assert isinstance(request, dict) and isinstance(stable, int) and isinstance(candidate, int)
        return abs(stable - candidate) < int(request["tolerance"])

    assert with_exchange(NOTHING, named, exchange, same).fields == {"check.py:same": Matches(1, 1)}
    strict = Exchange(1, {"tolerance": 1}, 10, 11)
    differs = with_exchange(NOTHING, replace(named, keep_mismatches=1), strict, same)
    assert differs.fields == {"check.py:same": Matches(1, 0)} and differs.mismatches[0].stable == "10"
    assert named.function == "check.py:same" and gate().function is None
    with pytest.raises(ValueError, match="was not loaded"):
        with_exchange(NOTHING, named, exchange)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", 0),
        ("$.a", {"a": 0, "b": [{"c": 2}, {"c": 3}]}),
        ("$.b[-1].c", {"a": 1, "b": [{"c": 2}, {"c": 0}]}),
        ("$.b[0].c", {"a": 1, "b": [{"c": 0}, {"c": 3}]}),
        ("$.b[*].c", {"a": 1, "b": [{"c": 0}, {"c": 0}]}),
        ("$.a.b", {"a": 1, "b": [{"c": 2}, {"c": 3}]}),
        ("$.b[5]", {"a": 1, "b": [{"c": 2}, {"c": 3}]}),
    ],
)
def test_what_a_path_finds_is_replaced(path: str, expected: object) -> None:
    document = {"a": 1, "b": [{"c": 2}, {"c": 3}]}
    assert replaced(document, keys(path) or (), 0) == expected
    assert document["a"] == 1
