"""Answers of both deployments to recorded requests, added up to a look at an agreement gate."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from azml.rollout.gates import AgreementGate, Field
from azml.rollout.judging.answers import Match, compare, counted, keys, replaced, select
from azml.rollout.judging.looks import Matches, Mismatch, Replayed

MOST_SEGMENTS = 50
"""Segments that are counted by themselves; later ones are one segment, OTHERS."""
OTHERS, NO_SEGMENT = "(others)", "(none)"
LONGEST_LABEL, LONGEST_VALUE = 40, 200
"""Characters: a text in an answer that is shown as it is, and one answer's part in a kept mismatch."""
PERSONAL = re.compile(r"@|\d{6}")
"""Texts that may name a person: addresses and long numbers."""
LEFT_OUT = "(redacted)"

Comparison = Callable[[object, object, object], bool]
"""A function that compares: request, stable answer, candidate answer. It may raise anything."""


class Exchange(NamedTuple):
    """One request (its line in the file, from 1) and both answers, as JSON documents."""

    number: int
    request: object
    stable: object
    candidate: object


def with_exchange(
    before: Replayed, gate: AgreementGate, exchange: Exchange, function: Comparison | None = None
) -> Replayed:
    """The look with one more request. `function` compares where the gate names one; what it raises passes."""
    segment = _segment(gate, before.segments, exchange.request)
    fields, kept = before.fields, before.mismatches
    within = before.segments.get(segment, {})
    for one in gate.fields:
        match = _match(one, exchange, function)
        fields, within = _more(fields, one.path, match), _more(within, one.path, match)
        if match is not Match.EQUAL and len(kept) < gate.keep_mismatches:
            kept = (*kept, _mismatch(gate, one, exchange, segment))
    segments = {**before.segments, segment: within} if gate.segment else before.segments
    return replace(before, fields=fields, segments=segments, mismatches=kept)


def _match(one: Field, exchange: Exchange, function: Comparison | None) -> Match:
    if one.equal != "function":
        return compare(one, exchange.stable, exchange.candidate)
    if function is None:
        raise ValueError(f"{one.path} was not loaded")
    same = function(exchange.request, exchange.stable, exchange.candidate)
    return Match.EQUAL if same else Match.DIFFERENT


def _more(counts: Mapping[str, Matches], path: str, match: Match) -> Mapping[str, Matches]:
    return {**counts, path: counted(counts.get(path, Matches(0, 0)), match)}


def _segment(gate: AgreementGate, known: Mapping[str, object], request: object) -> str:
    path = keys(gate.segment) if gate.segment else None
    if path is None:
        return ""
    found = select(request, path)
    name = str(masked(found[0])) if found else NO_SEGMENT
    return name if name in known or len(known) < MOST_SEGMENTS else OTHERS


def _mismatch(gate: AgreementGate, one: Field, exchange: Exchange, segment: str) -> Mismatch:
    stable, candidate = (_shown(gate, one, each) for each in (exchange.stable, exchange.candidate))
    return Mismatch(exchange.number, segment, one.path, stable, candidate)


def _shown(gate: AgreementGate, one: Field, answer: object) -> str:
    """What the field's path finds, as JSON, without what has to be left out."""
    for path in gate.redact:
        answer = replaced(answer, keys(path) or (), LEFT_OUT)
    found = keys(one.path)
    values = [answer] if found is None else select(answer, found)
    text = json.dumps(masked(values[0] if len(values) == 1 else values), ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def masked(value: object) -> object:
    """A JSON document without texts that are longer than a label or may name a person."""
    if isinstance(value, dict):
        return {str(masked(name)): masked(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if isinstance(value, str) and (len(value) > LONGEST_LABEL or PERSONAL.search(value)):
        return f"(text of {len(value)} characters)"
    return value
