"""The functions by which an endpoint's own code compares answers: loaded, and proved to tell them apart."""

import contextlib
import json
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from azml.findings import Finding, InvalidInput
from azml.rollout.driving.ports import Unavailable
from azml.rollout.gates import AgreementGate
from azml.rollout.judging.agreement import Comparison
from azml.rollout.plan import Plan
from azml.rollout.planning.reading import gates

MADE_UP: tuple[object, ...] = ([1], [0.25, 0.75], ["a"], {"label": "a"}, {"predictions": [1.5]}, "a", 1)
"""Answers of the kinds that scoring scripts give."""


def function_of(named: str, folder: Path) -> Comparison:
    """The function `file.py:name` of the endpoint's folder. Raises Unavailable where it cannot be loaded.

    What it prints goes to stderr, where it is in nobody's way.
    """
    file, _, name = named.partition(":")
    spec = spec_from_file_location(f"azml_comparison_{Path(file).stem}", folder / file)
    try:
        if spec is None or spec.loader is None:
            raise ImportError("it is not a Python file")
        module = module_from_spec(spec)
        with contextlib.redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
        found: Comparison = getattr(module, name)
    except Exception as failed:  # whatever the file does when it is imported
        raise Unavailable(f"{named} cannot be loaded: {failed!r}") from failed

    def quietly(request: object, stable: object, candidate: object) -> bool:
        with contextlib.redirect_stdout(sys.stderr):
            return bool(found(request, stable, candidate))

    return quietly


def proved(plan: Plan, folder: Path) -> list[str]:
    """A line for each gate with a function. Raises InvalidInput with each that cannot pass or cannot fail."""
    own = [one for one in gates(plan).values() if isinstance(one, AgreementGate) and one.function]
    findings = [found for gate in own if (found := _unproved(gate, folder))]
    if findings:
        raise InvalidInput(findings)
    return [f"{gate.name}: {gate.function} tells equal answers and others apart" for gate in own]


def _unproved(gate: AgreementGate, folder: Path) -> Finding | None:
    """What is wrong with a gate's function; None where it gave both verdicts."""
    try:
        function = function_of(str(gate.function), folder)
        request, answers = _request(gate, folder), _answers(gate, folder)
    except (Unavailable, OSError, ValueError) as failed:
        return Finding(f"{gate.name}: {failed}")
    equal, other, troubles = set(), set(), []
    for answer in answers:
        try:
            equal.add(function(request, answer, answer))
            other.add(function(request, answer, altered(answer)))
        except Exception as failed:  # answers of this kind are none of its model's
            troubles.append(repr(failed))
    if not equal:
        remedy = "name a file with an answer of the model: example: answer.json"
        return Finding(
            f"{gate.name}: {gate.function} takes none of the made-up answers: {troubles[-1]}", remedy
        )
    if True not in equal:
        return Finding(
            f"{gate.name}: {gate.function} says of equal answers that they differ: it could never pass"
        )
    if False not in other:
        return Finding(
            f"{gate.name}: {gate.function} says of any answers that they agree: it could never fail"
        )
    return None


def _request(gate: AgreementGate, folder: Path) -> object:
    file = next((path for path in sorted(folder.glob(gate.requests)) if path.is_file()), None)
    line = file.read_text(encoding="utf-8").strip() if file else ""
    return json.loads(line.splitlines()[0] if file and file.suffix == ".jsonl" else line or "null")


def _answers(gate: AgreementGate, folder: Path) -> Iterator[object]:
    if gate.example:
        return iter([json.loads((folder / gate.example).read_text(encoding="utf-8"))])
    return iter(MADE_UP)


def altered(answer: object) -> object:
    """The answer with every number and text in it another one."""
    match answer:
        case dict():
            return {name: altered(inner) for name, inner in answer.items()}
        case list():
            return [altered(inner) for inner in answer]
        case bool():
            return not answer
        case int() | float():
            return answer * 2 + 1000
        case str():
            return f"{answer}, or not"
    return "something"
