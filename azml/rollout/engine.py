"""What a rollout does next: decided from the plan, the journal's state and one observation. It does nothing.

Whoever carries the actions out appends and writes in their order. An action that was lost in a crash is
decided again, as the state is what the journal says: a write is repeated until it is read back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from azml.rollout import journal
from azml.rollout.gates import RateGate
from azml.rollout.journal import Entry, Shares
from azml.rollout.looks import NO_LOOK, Look
from azml.rollout.plan import ApproveStep, Plan, RetireStep, ShadowStep, Step, TrafficStep, gates_of
from azml.rollout.state import ENDED, Phase, State, apply, least
from azml.rollout.verdicts import Judgement, Verdict, judge, worst


@dataclass(frozen=True)
class Observation:
    """What is so now. `shares` are None where they could not be read; `looks` are by the gates' names."""

    shares: Shares | None
    candidate_ready: bool = True
    looks: Mapping[str, Look] = field(default_factory=dict)


class Append(NamedTuple):
    """Add this entry to the journal."""

    entry: Entry


class Write(NamedTuple):
    """Give the endpoint these shares."""

    shares: Shares


Action = Append | Write


def decide(plan: Plan, state: State, seen: Observation, now: float) -> tuple[Action, ...]:
    """What to do now; nothing where there is nothing to do, or where nothing is known."""
    if state.phase in ENDED or state.phase is Phase.DECLARED:
        return ()
    if state.intended is not None:
        return _confirm(plan, state, state.intended, seen, now)
    if state.phase is Phase.ROLLING_BACK:
        return _write(state.back, now)
    if seen.shares is None or state.phase is Phase.PAUSED:
        return ()
    if state.phase is Phase.SHIFTING:
        return _shift(plan, state, seen, now)
    if seen.shares != state.shares:
        return _moved(state, seen.shares, now)
    return _in_step(plan, state, seen, now)


def target(plan: Plan, state: State) -> Shares:
    """The shares of the step that is under way or comes next."""
    step = plan.steps[state.step]
    if isinstance(step, ShadowStep):
        return Shares(state.back.stable, 0, step.percent)
    if isinstance(step, TrafficStep):
        return Shares(100 - step.percent, step.percent)
    # Other steps leave the shares as they are, but that nothing is mirrored.
    before = [one.percent for one in plan.steps[: state.step] if isinstance(one, TrafficStep)]
    return Shares(100 - before[-1], before[-1]) if before else state.back


def _write(shares: Shares, now: float) -> tuple[Action, ...]:
    return Append(journal.Intended(now, shares)), Write(shares)


def _confirm(plan: Plan, state: State, intended: Shares, seen: Observation, now: float) -> tuple[Action, ...]:
    """Read back, repeated or stuck; or somebody else has moved the traffic meanwhile."""
    if seen.shares == intended:
        return (Append(journal.Confirmed(now)),)
    if seen.shares not in (None, state.shares) and not state.withdrawing:
        return (Append(journal.Paused(now, _differs(state, seen.shares))),)
    if now - state.since > plan.verify_within and state.phase is not Phase.STUCK:
        reason = f"{_said(intended)} was written and is not read back; it is tried on"
        return Append(journal.Stuck(now, reason)), Write(intended)
    return (Write(intended),)


def _shift(plan: Plan, state: State, seen: Observation, now: float) -> tuple[Action, ...]:
    """The shares of the step first, then the step; a candidate that is not ready gets nothing."""
    if late := _late(plan, state, now):
        return late
    wanted = target(plan, state)
    if seen.shares not in (state.shares, wanted) and not state.resumed:
        return _moved(state, seen.shares, now)
    if not seen.candidate_ready:
        return ()
    if seen.shares == wanted == state.shares:
        return (Append(journal.Entered(now, state.step)),)
    if state.shares.mirror and wanted.candidate:
        wanted = state.back  # Azure refuses to mirror to who has live traffic: off before live
    return _write(wanted, now)


def _moved(state: State, shares: Shares | None, now: float) -> tuple[Action, ...]:
    """An earlier share of this rollout comes from an update that carried it along: written again, once."""
    if shares in state.earlier and not state.rewritten:
        return _write(state.shares, now)
    return (Append(journal.Paused(now, _differs(state, shares))),)


def _differs(state: State, shares: Shares | None) -> str:
    found = _said(shares) if shares else "nothing"
    return f"somebody else moved the traffic: it is {found}, and this rollout had set {_said(state.shares)}"


def _said(shares: Shares) -> str:
    mirror = f", {shares.mirror} % mirrored" if shares.mirror else ""
    return f"stable {shares.stable} %, candidate {shares.candidate} %{mirror}"


def _late(plan: Plan, state: State, now: float) -> tuple[Action, ...]:
    took = now - state.started - state.idle
    if took <= plan.deadline:
        return ()
    return (Append(journal.Paused(now, f"its deadline of {plan.deadline / 60:g} minutes is over")),)


def _in_step(plan: Plan, state: State, seen: Observation, now: float) -> tuple[Action, ...]:
    step = plan.steps[state.step]
    if isinstance(step, RetireStep):
        done = now - state.entered >= step.after
        return (Append(journal.Advanced(now, "the old slot is free")),) if done else ()
    if isinstance(step, ApproveStep):
        return _wait(plan, state, step, seen, now)
    if late := _late(plan, state, now):
        return late
    gap = now - state.looked
    if gap > plan.stale_after:
        return (Append(journal.Entered(now, state.step)),)
    if gap < plan.interval and isinstance(step, ShadowStep | TrafficStep) and step.gates:
        return ()
    entry = _look(step, seen, now)
    after = apply(plan, state, entry)
    return Append(entry), *_judged(plan, step, after, now)


def _look(step: Step, seen: Observation, now: float) -> journal.Looked:
    return journal.Looked(now, {gate.name: seen.looks.get(gate.name, NO_LOOK) for gate in gates_of(step)})


def judgements(plan: Plan, state: State) -> tuple[Judgement, ...]:
    """What each gate of the step under way says."""
    step = plan.steps[state.step]
    at_end = state.measured >= least(step)
    return tuple(judge(gate, state.tallies[gate.name], at_end=at_end) for gate in gates_of(step))


def _judged(plan: Plan, step: Step, state: State, now: float) -> tuple[Action, ...]:
    found = judgements(plan, state)
    decides = worst(found) if found else Judgement(Verdict.PASS, "no gates", "nothing is asked")
    match decides.verdict:
        case Verdict.FAIL:
            return _failed(plan, state, decides.why, now)
        case Verdict.ERROR:
            failed = max(tally.failed_looks for tally in state.tallies.values())
            return (Append(journal.Paused(now, decides.why)),) if failed > plan.tolerate else ()
        case Verdict.INCONCLUSIVE:
            return _undecided(plan, step, state, found, now)
        case Verdict.PASS:
            if state.measured < least(step):
                return ()
            why = "; ".join(one.why for one in found) or decides.why
            return (Append(journal.Advanced(now, why)),)


def _failed(plan: Plan, state: State, why: str, now: float) -> tuple[Action, ...]:
    if plan.on_fail == "pause":
        return (Append(journal.Paused(now, why)),)
    return Append(journal.Withdrawn(now, why)), *_write(state.back, now)


def _undecided(
    plan: Plan, step: Step, state: State, found: tuple[Judgement, ...], now: float
) -> tuple[Action, ...]:
    """Extended, then paused; evidence that is looked at once gains nothing by waiting."""
    if state.measured < least(step) + state.extended * plan.extend:
        return ()
    open_ones = [
        gate for gate, one in zip(gates_of(step), found, strict=True) if one.verdict is Verdict.INCONCLUSIVE
    ]
    waits = not any(isinstance(gate, RateGate) and gate.evidence == "fixed" for gate in open_ones)
    why = worst(found).why
    if waits and state.extended < plan.at_most:
        return (Append(journal.Extended(now, why)),)
    return (Append(journal.Paused(now, why)),)


def _wait(plan: Plan, state: State, step: ApproveStep, seen: Observation, now: float) -> tuple[Action, ...]:
    """A person is awaited, and only a failure ends that earlier."""
    if now - state.entered > step.within:
        why = f"nobody approved within {step.within / 3600:g} hours"
        if step.otherwise == "pause":
            return (Append(journal.Paused(now, why)),)
        return Append(journal.Withdrawn(now, why)), *_write(state.back, now)
    if not step.gates or now - state.looked < plan.interval:
        return ()
    entry = _look(step, seen, now)
    found = worst(judgements(plan, apply(plan, state, entry)))
    failed = _failed(plan, state, found.why, now) if found.verdict is Verdict.FAIL else ()
    return Append(entry), *failed
