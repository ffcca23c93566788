"""What a rollout does next: decided from the plan, the journal's state and one observation. It does nothing.

Whoever carries the actions out appends and writes in their order. An action that was lost in a crash is
decided again, as the state is what the journal says: a write is repeated until it is read back.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from azml.rollout.deciding.moves import gates_in, least
from azml.rollout.deciding.replaying import apply
from azml.rollout.deciding.state import IN_STEP, NOT_UNDER_WAY, Phase, State
from azml.rollout.gates import Gate, RateGate
from azml.rollout.journals import journal
from azml.rollout.journals.journal import Entry, Shares
from azml.rollout.judging.looks import NO_LOOK, Look, Rates
from azml.rollout.judging.verdicts import Judgement, Verdict, judge, worst
from azml.rollout.plan import ApproveStep, Plan, RetireStep, ShadowStep, SmokeStep, TrafficStep


class Observation(NamedTuple):
    """What is so now. `shares` are None where they could not be read; `looks` are by the gates' names.

    `ready` is whether each deployment has the instances for the shares that are written next, and
    `stable_answers` whether the stable deployment answers requests; None where it was not found out.
    """

    shares: Shares | None
    ready: bool | None = True
    looks: Mapping[str, Look] = MappingProxyType({})
    stable_answers: bool | None = None


class Append(NamedTuple):
    """Add this entry to the journal."""

    entry: Entry


class Write(NamedTuple):
    """Give the endpoint these shares."""

    shares: Shares


Action = Append | Write
DEAD = "the stable deployment does not answer"


def decide(plan: Plan, state: State, seen: Observation, now: float) -> tuple[Action, ...]:
    """What to do now; nothing where there is nothing to do, or where nothing is known."""
    if _rests(state):
        return ()
    if state.intended is not None:
        return _confirm(plan, state, state.intended, seen, now)
    if state.withdrawing:
        return _back(plan, state, seen, now)
    if seen.shares is None:
        return _unseen(plan, state, seen, now)
    if state.phase not in IN_STEP:
        return _shift(plan, state, seen, now)
    if seen.shares != state.shares:
        return _moved(state, seen.shares, now)
    return _in_step(plan, state, seen, now)


def _rests(state: State) -> bool:
    """Nothing is done before a person asks for it, or ever again."""
    return state.phase in NOT_UNDER_WAY or state.phase is Phase.PAUSED


def due(plan: Plan, state: State, now: float) -> tuple[Gate, ...]:
    """The gates that are looked at now."""
    if state.phase not in IN_STEP or state.intended is not None:
        return ()
    gap = now - state.looked
    stale = gap > plan.stale_after and state.phase is not Phase.WAITING
    return () if gap < plan.interval or stale else gates_in(plan, state)


def next_shares(plan: Plan, state: State) -> Shares | None:
    """The shares for which deployments have to be ready now, None where nothing is about to begin."""
    if _rests(state):
        return None
    if state.withdrawing:
        return state.back
    if state.intended or state.phase in IN_STEP:
        return state.intended
    wanted = target(plan, state)
    # Smoke has no share, and its requests need the candidate all the same: as much of it as a mirror of 1 %.
    return wanted._replace(mirror=1) if isinstance(plan.steps[state.step], SmokeStep) else wanted


def withdraws(actions: tuple[Action, ...]) -> bool:
    """Whether the engine is about to take the traffic back: then it wants to know how stable does."""
    return any(isinstance(one, Append) and isinstance(one.entry, journal.Withdrawn) for one in actions)


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
    return Append(journal.Intended(now, shares)), Write(shares), Append(journal.Written(now))


def _confirm(plan: Plan, state: State, intended: Shares, seen: Observation, now: float) -> tuple[Action, ...]:
    """Read back, repeated or stuck; or somebody else has moved the traffic meanwhile."""
    # Until Azure has taken this write, an older one may still be on its way: what is read proves nothing.
    if state.written is not None and seen.shares == intended:
        return (Append(journal.Confirmed(now)),)
    if seen.shares not in (None, state.shares, intended) and not state.withdrawing:
        return (Append(journal.Paused(now, _differs(state, seen.shares))),)
    stuck = _stuck(plan, state, intended, seen, now)
    if state.written is not None and now - state.written < plan.interval:
        return stuck
    # What goes up is not written blindly: somebody may have moved the traffic meanwhile.
    if not (state.withdrawing or (seen.ready and seen.shares)):
        return stuck
    return *stuck, Write(intended), Append(journal.Written(now))


def _stuck(plan: Plan, state: State, intended: Shares, seen: Observation, now: float) -> tuple[Action, ...]:
    took = now - state.since
    if took <= plan.verify_within or state.phase is Phase.STUCK:
        return ()
    found = f"reads {seen.shares.said}" if seen.shares else "cannot be read"
    why = f"{intended.said} should have been written, but after {took:.0f} seconds the endpoint {found}"
    return (Append(journal.Stuck(now, f"{why}; trying again")),)


def _shift(plan: Plan, state: State, seen: Observation, now: float) -> tuple[Action, ...]:
    """The shares of the step first, then the step; a candidate that is not ready gets nothing."""
    because = "" if seen.ready else "; not all instances are ready for the next share"
    if late := _late(plan, state, now, because):
        return late
    wanted = target(plan, state)
    if seen.shares not in (state.shares, wanted) and not state.resumed:
        return _moved(state, seen.shares, now)
    if not seen.ready:
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
    found = shares.said if shares else "nothing"
    return f"somebody else moved the traffic: it is {found}, and this rollout had set {state.shares.said}"


def _unseen(plan: Plan, state: State, seen: Observation, now: float) -> tuple[Action, ...]:
    """Nobody knows where the traffic is: nothing is done, but that it does not last for ever."""
    step, unreadable = plan.steps[state.step], "; the endpoint cannot be read"
    if state.phase is Phase.WAITING and isinstance(step, ApproveStep):
        return _unapproved(state, step, seen, now)
    if state.phase is Phase.RETIRING and isinstance(step, RetireStep):
        over = now - state.entered > step.after + plan.stale_after
        return (Append(journal.Paused(now, f"the old slot should have retired{unreadable}")),) if over else ()
    return _late(plan, state, now, unreadable)


def _late(plan: Plan, state: State, now: float, because: str = "") -> tuple[Action, ...]:
    took = now - state.started - state.idle
    if took <= plan.deadline:
        return ()
    return (
        Append(journal.Paused(now, f"its deadline of {plan.deadline / 60:g} minutes has passed{because}")),
    )


def _back(plan: Plan, state: State, seen: Observation, now: float) -> tuple[Action, ...]:
    """All traffic goes back, as soon as the stable deployment has the instances for it."""
    dead = seen.stable_answers is False and not state.noted
    note = (Append(journal.Noted(now, DEAD)),) if dead else ()
    if seen.ready is not False:
        return *note, *_write(state.back, now)
    if now - state.since <= plan.verify_within or state.phase is Phase.STUCK:
        return note
    why = (
        f"all traffic should go back, but after {now - state.since:.0f} seconds the stable deployment "
        "does not have the instances for it; trying again"
    )
    return *note, Append(journal.Stuck(now, why))


def _in_step(plan: Plan, state: State, seen: Observation, now: float) -> tuple[Action, ...]:
    step = plan.steps[state.step]
    if isinstance(step, RetireStep):
        done = now - state.entered >= step.after
        return (Append(journal.Advanced(now, "the old slot is free")),) if done else ()
    if isinstance(step, ApproveStep):
        return _unapproved(state, step, seen, now) or _watched(plan, state, seen, now)
    if late := _late(plan, state, now):
        return late
    gap = now - state.looked
    if gap > plan.stale_after:
        return (Append(journal.Entered(now, state.step)),)
    gates = gates_in(plan, state)
    if gap < plan.interval and gates:
        return ()
    entry = _look(gates, seen, now)
    return Append(entry), *_judged(plan, apply(plan, state, entry), seen, now)


def _look(gates: tuple[Gate, ...], seen: Observation, now: float) -> journal.Looked:
    return journal.Looked(now, {gate.name: seen.looks.get(gate.name, NO_LOOK) for gate in gates})


def judgements(plan: Plan, state: State) -> tuple[Judgement, ...]:
    """What each gate of the step under way says."""
    at_end = state.measured >= least(plan.steps[state.step])
    return tuple(judge(gate, state.tallies[gate.name], at_end=at_end) for gate in gates_in(plan, state))


def _judged(plan: Plan, state: State, seen: Observation, now: float) -> tuple[Action, ...]:
    found = judgements(plan, state)
    decides = worst(found) if found else Judgement(Verdict.PASS, "no gates", "nothing is checked")
    match decides.verdict:
        case Verdict.FAIL:
            return _failed(plan, state, seen, decides.why, now)
        case Verdict.ERROR:
            failed = max(tally.failed_looks for tally in state.tallies.values())
            return (Append(journal.Paused(now, decides.why)),) if failed > plan.tolerate else ()
        case Verdict.INCONCLUSIVE:
            return _undecided(plan, state, seen, found, now)
        case Verdict.PASS:
            if state.measured < least(plan.steps[state.step]):
                return ()
            why = "; ".join(one.why for one in found) or decides.why
            return (Append(journal.Advanced(now, why)),)


def _failed(plan: Plan, state: State, seen: Observation, why: str, now: float) -> tuple[Action, ...]:
    if plan.on_fail == "pause":
        return (Append(journal.Paused(now, why)),)
    return _withdraw(state, seen, why, now)


def _withdraw(state: State, seen: Observation, why: str, now: float) -> tuple[Action, ...]:
    """Back by one write; but no engine moves live traffic to a deployment that is known not to answer."""
    if seen.stable_answers is False and state.shares.candidate:
        return (Append(journal.Paused(now, f"{why}; {DEAD}, so the traffic stays where it is")),)
    first = Append(journal.Withdrawn(now, why))
    return (first,) if seen.ready is False else (first, *_write(state.back, now))


def _undecided(
    plan: Plan, state: State, seen: Observation, found: tuple[Judgement, ...], now: float
) -> tuple[Action, ...]:
    """Extended, then paused; evidence that is looked at once gains nothing by waiting."""
    if state.measured < least(plan.steps[state.step]) + state.extended * plan.extend:
        return ()
    gates = gates_in(plan, state)
    pairs = zip(gates, found, strict=True)
    undecided = [gate for gate, one in pairs if one.verdict is Verdict.INCONCLUSIVE]
    waits = not any(isinstance(gate, RateGate) and gate.evidence == "fixed" for gate in undecided)
    why = worst(found).why
    if waits and state.extended < plan.at_most:
        return (Append(journal.Extended(now, why)),)
    if plan.then == "rollback" and all(_something(state, gate) for gate in undecided):
        return _withdraw(state, seen, why, now)
    return (Append(journal.Paused(now, why)),)


def _something(state: State, gate: Gate) -> bool:
    """Whether a rate is undecided though there were requests: missing data rolls nothing back."""
    found = state.tallies[gate.name].found
    return isinstance(found, Rates) and found.candidate.requests > 0


def _unapproved(state: State, step: ApproveStep, seen: Observation, now: float) -> tuple[Action, ...]:
    if now - state.entered <= step.within:
        return ()
    why = f"nobody approved within {step.within / 3600:g} hours"
    if step.otherwise == "pause":
        return (Append(journal.Paused(now, why)),)
    return _withdraw(state, seen, why, now)


def _watched(plan: Plan, state: State, seen: Observation, now: float) -> tuple[Action, ...]:
    """A person is awaited, and only a failure ends that earlier."""
    gates = gates_in(plan, state)
    if not gates or now - state.looked < plan.interval:
        return ()
    entry = _look(gates, seen, now)
    after = apply(plan, state, entry)
    found = worst(judgements(plan, after))
    failed = _failed(plan, after, seen, found.why, now) if found.verdict is Verdict.FAIL else ()
    return Append(entry), *failed
