"""Rehearsals of a plan: on recorded requests that both deployments answer, or on a past journal."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from azml.cli.failure import CommandError, InputError
from azml.cli.rollouts.session import Session
from azml.cli.rollouts.slots import choose
from azml.cli.rollouts.sources.evidence import smoked
from azml.cli.rollouts.sources.functions import function_of
from azml.cli.rollouts.sources.replay import BATCH
from azml.cli.rollouts.sources.requests import Reply, Requests, bodies_in
from azml.rollout.deciding.state import State
from azml.rollout.driving.past import Past
from azml.rollout.driving.ports import Evidence, Unavailable
from azml.rollout.driving.recorded import Answers, Pair, Recorded
from azml.rollout.driving.rehearsal import NoEndpoint, rehearse
from azml.rollout.driving.starting import Opening, Refused
from azml.rollout.durations import minutes
from azml.rollout.gates import AgreementGate, SmokeGate
from azml.rollout.journals.document import parse
from azml.rollout.judging.agreement import Comparison
from azml.rollout.judging.looks import Look
from azml.rollout.plan import Plan
from azml.rollout.planning.reading import gates
from azml.rollout.report import as_json
from azml.rollout.report.build import report
from azml.rollout.report.records import Report

SECONDS = 20.0
"""How long requests are sent; those that are left then are not used."""
SEED = 1
WHO = "a rehearsal"


@dataclass(frozen=True)
class Rehearsed:
    """How it ended, on how many requests `of` the file that both have answered (0: on a past journal)."""

    state: State
    report: Report
    requests: int
    of: int


def on_requests(session: Session, plan: Plan, file: Path, slot: str | None, per_minute: float) -> Rehearsed:
    """Rehearse on the local Azure: both deployments answer the requests of a file. Raises CommandError."""
    if not session.connection.arm.cloud.local:
        raise InputError(
            "requests are rehearsed on the local Azure alone: on Azure they would load what users have",
            "deploy there, or rehearse on the journal of an earlier rollout: --journal FILE",
        )
    found = session.found()
    slots = choose(found, slot)
    if not slots.stable:
        raise InputError(f"no deployment of {found.name} has the traffic: there is none to compare with")
    requests = Requests(session.connection, session.name)
    opening = _opening(session.declared.key, slots.stable, slots.candidate, plan)
    try:
        bodies = _bodies(file)
        pairs = _answered(requests, slots.stable, slots.candidate, bodies)
        functions = dict(_functions(plan, session.declared.folder))
        by_gate = dict(_smoked(plan, requests, slots.candidate, session.declared.folder))
    except Unavailable as failed:
        raise CommandError(
            f"nothing could be rehearsed: {failed}", "azml status shows the deployments"
        ) from failed

    def evidence(endpoint: NoEndpoint) -> Answers:
        return Answers(
            pairs,
            per_minute,
            endpoint.shares,
            lambda gate: by_gate[gate.name],
            functions,
            Random(SEED),  # noqa: S311 - a draw, no secret
        )

    return _ended(opening, evidence, len(pairs), len(bodies))


def on_journal(plan: Plan, file: Path) -> Rehearsed:
    """What this plan would have decided on the evidence of an earlier rollout. Raises InputError."""
    try:
        past = parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as broken:
        raise InputError(f"{file} is not the journal of a rollout: {broken}") from broken
    head = past.head
    opening = _opening(head.endpoint, head.stable, head.candidate, plan, head.bundle)
    return _ended(opening, lambda endpoint: Past(past), 0, 0)


def _ended(opening: Opening, evidence: Callable[[NoEndpoint], Evidence], requests: int, of: int) -> Rehearsed:
    try:
        kept = rehearse(opening, evidence)
    except Refused as refused:
        raise CommandError(str(refused)) from refused
    return Rehearsed(kept.state, report(kept.document), requests, of)


def _opening(endpoint: str, stable: str, candidate: str, plan: Plan, bundle: str = "rehearsed") -> Opening:
    return Opening(endpoint, stable, candidate, bundle, plan, WHO)


def _bodies(file: Path) -> list[bytes]:
    try:
        found = bodies_in(file.parent, file.name)
    except ValueError as broken:
        raise InputError(str(broken), "each line is one request, as JSON") from broken
    if not found:
        raise InputError(f"there is no request in {file}", "write one JSON document a line")
    return found


def _answered(requests: Requests, stable: str, candidate: str, bodies: list[bytes]) -> list[Pair]:
    """Both deployments' answers, to as many requests as there is time for."""
    until, found = time.monotonic() + SECONDS, []
    for start in range(0, len(bodies), BATCH):
        if time.monotonic() > until:
            break
        batch = bodies[start : start + BATCH]
        both = requests.send_both(stable, candidate, batch)
        for number, (body, old, new) in enumerate(zip(batch, *both, strict=True), start + 1):
            found.append(Pair(number, json.loads(body), _recorded(old), _recorded(new)))
    return found


def _recorded(reply: Reply) -> Recorded:
    return Recorded(reply.status, reply.seconds, reply.document)


def _functions(plan: Plan, folder: Path) -> Iterator[tuple[str, Comparison]]:
    for gate in gates(plan).values():
        if isinstance(gate, AgreementGate) and gate.function:
            yield gate.name, function_of(gate.function, folder)


def _smoked(plan: Plan, requests: Requests, candidate: str, folder: Path) -> Iterator[tuple[str, Look]]:
    for gate in gates(plan).values():
        if isinstance(gate, SmokeGate):
            yield gate.name, smoked(requests, candidate, bodies_in(folder, gate.requests))


def lines(found: Rehearsed) -> Iterator[str]:
    """What a rehearsal has come to, for a person."""
    made = found.report
    took = minutes(made.ended - made.started)
    yield f"{made.endpoint}, {made.stable} to {made.candidate}: {took} by the plan; no traffic moved"
    if found.requests:
        yield (
            f"users' requests were drawn from {found.requests} that both answered, of {found.of}: this shows "
            "what the plan decides, and less of the candidate than so many requests of users would"
        )
    for step in made.steps:
        for gate in step.gates:
            yield f"  {step.step + 1} {step.kind} {step.shares.candidate} %  {gate.verdict}  {gate.why}"
    yield f"it would have ended like this: {made.sentence}"


def document(found: Rehearsed) -> Mapping[str, object]:
    """The same for a machine: the report, with the number of requests."""
    return {"rehearsed": True, "requests": found.requests, **as_json.document(found.report)}
