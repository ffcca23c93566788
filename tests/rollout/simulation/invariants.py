"""The invariants of a rollout, checked at every entry and write of a history.

What a step has shown is added up here a second time, from the entries alone: a fault in how the engine keeps
its books cannot hide itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from azml.rollout.deciding.state import ENDED, IN_STEP, Phase, State
from azml.rollout.gates import CONFIDENCE, AgreementGate, Gate, RateGate, SmokeGate
from azml.rollout.journals import journal
from azml.rollout.journals.journal import Entry, Shares
from azml.rollout.judging.looks import Counted, Look, Measured, Missing, Replayed, Smoked
from azml.rollout.plan import ApproveStep, Plan, RetireStep, ShadowStep, Step, TrafficStep, gates_of
from azml.rollout.statistics import intervals
from azml.rollout.statistics.comparison import NOTHING, Comparison
from azml.rollout.statistics.evidence import shows_above, shows_below
from azml.rollout.statistics.intervals import upper_bound
from tests.rollout.simulation.faults import Violation


@dataclass
class Checks:
    """Looks at each new entry, with the state before and after it, and at each write of shares."""

    plan: Plan
    looks: list[journal.Looked] = field(default_factory=list)
    entered: float = 0.0
    earned: bool = True
    foreign: bool = False
    wishes: int = 0

    def appended(self, before: State, entry: Entry, after: State) -> None:
        """Raises Violation where the entry should not be there."""
        if before.phase in ENDED and not isinstance(entry, journal.Told):
            raise Violation(f"{entry} after the end")
        match entry:
            case journal.Started():
                self.earned, self.looks = True, []
            case journal.Entered(at):
                self.entered, self.looks = at, []
                if before.shares != _wanted(self.plan, before):
                    raise Violation(f"a step begins with {before.shares}")
            case journal.Looked():
                self._looked(before, entry)
            case journal.Advanced(at):
                self._advanced(before, at)
            case journal.Withdrawn(at):
                self._withdrawn(before, at)
            case journal.Intended(_, shares):
                self._intended(before, shares)
            case journal.Asked(_, what, _):
                self.wishes += 1
                self.foreign = False
                self.earned = self.earned or what in ("resume", "approve", "stable_is_broken")
            case journal.Paused(_, reason) | journal.Stuck(_, reason):
                if not reason:
                    raise Violation("no reason")
        if after.phase is Phase.SUCCEEDED and after.shares != Shares(0, 100):
            raise Violation(f"succeeded with {after.shares}")

    def written(self, state: State, shares: Shares, ready: bool | None) -> None:
        """A write reaches the endpoint. Raises Violation where it should not."""
        if state.intended != shares:
            raise Violation(f"a write of {shares}, and the journal intends {state.intended}")
        if self.foreign and not state.withdrawing:
            raise Violation("traffic that somebody else moved was moved without being asked")
        if shares.candidate + shares.mirror > 0 and not ready and shares != state.shares:
            raise Violation(f"{shares} for deployments that are not ready")
        if state.shares.mirror and shares.candidate:
            raise Violation("mirror and live on one deployment")
        if state.withdrawing and shares != state.back:
            raise Violation(f"back to {shares}")

    def _intended(self, before: State, shares: Shares) -> None:
        """Between a share and a higher one, a step was done, or a person said so."""
        if not shares.sound:
            raise Violation(f"{shares} intended")
        higher = shares.candidate > before.shares.candidate
        if higher and not self.earned:
            raise Violation(f"from {before.shares} to {shares} without a step that was done")
        self.earned = self.earned and not higher

    def _looked(self, before: State, entry: journal.Looked) -> None:
        if before.phase not in IN_STEP or before.intended is not None:
            raise Violation(f"a look while {before.phase}")
        last = self.looks[-1].at if self.looks else self.entered
        first = not self.looks and before.phase is Phase.SMOKE
        if self._gates(before) and entry.at - last < self.plan.interval and not first:
            raise Violation("looked twice in an interval")
        self.looks.append(entry)

    def _advanced(self, before: State, at: float) -> None:
        step = self.plan.steps[before.step]
        self.earned = True
        if isinstance(step, ApproveStep):
            raise Violation("nobody approved")
        if isinstance(step, RetireStep):
            if at - self.entered < step.after:
                raise Violation("retired too early")
            return
        if self._measured(before) < _least(step):
            raise Violation(f"{self._measured(before)} seconds are less than {_least(step)}")
        for gate in self._gates(before):
            if not passes(gate, self._of(gate, before)):
                raise Violation(f"{gate.name} has not passed")

    def _withdrawn(self, before: State, at: float) -> None:
        step = self.plan.steps[before.step]
        if isinstance(step, ApproveStep) and at - self.entered > step.within and step.otherwise == "rollback":
            return
        gates = self._gates(before)
        if any(fails(gate, self._of(gate, before)) for gate in gates) and self.plan.on_fail == "rollback":
            return
        seen = any(
            isinstance(look, Counted) and look.candidate.requests
            for gate in gates
            for look in self._of(gate, before)
        )
        if self.plan.then == "rollback" and before.extended == self.plan.at_most and seen:
            return
        raise Violation("withdrawn without a failure")

    def _gates(self, before: State) -> tuple[Gate, ...]:
        """Without a stable deployment to compare with, nothing is compared."""
        gates = gates_of(self.plan.steps[before.step])
        if not (before.first or before.stable_is_broken):
            return gates
        alone = [gate for gate in gates if not isinstance(gate, AgreementGate)]
        return tuple(replace(one, max_ratio=None) if isinstance(one, RateGate) else one for one in alone)

    def _measured(self, before: State) -> float:
        """Seconds that were looked at and found something out at every gate."""
        names = [gate.name for gate in self._gates(before)]
        last, total = self.entered, 0.0
        for entry in self.looks:
            if not any(isinstance(entry.looks.get(name), Missing | None) for name in names):
                total += max(0.0, entry.at - last)
            last = entry.at
        return total

    def _of(self, gate: Gate, before: State) -> list[Look]:
        """The looks at a gate; with fixed evidence, those until the step's seconds were over."""
        found = [entry.looks[gate.name] for entry in self.looks]
        if isinstance(gate, RateGate) and gate.evidence == "fixed":
            return found[: self._end(before)]
        return found

    def _end(self, before: State) -> int:
        least, last, total = _least(self.plan.steps[before.step]), self.entered, 0.0
        for number, entry in enumerate(self.looks, 1):
            total += entry.at - last
            last = entry.at
            if total >= least:
                return number
        return len(self.looks)


def passes(gate: Gate, looks: Sequence[Look]) -> bool:
    """Whether these looks are evidence enough to go on."""
    if not looks or isinstance(looks[-1], Missing):
        return False
    if isinstance(gate, RateGate):
        requests, events = _sums(looks)
        if gate.evidence == "fixed":
            return upper_bound(events, requests, 1 - gate.alpha_pass) <= gate.limit
        calm_requests, calm_events = _sums(_calm(gate, looks))
        return shows_below(events, requests, gate.limit, gate.alpha_pass) or (
            4 * calm_requests >= 3 * requests
            and shows_below(calm_events, calm_requests, gate.limit, gate.alpha_pass)
        )
    return not fails(gate, looks) and _whole(gate, looks[-1])


def _whole(gate: Gate, last: Look) -> bool:
    if isinstance(gate, AgreementGate):
        return isinstance(last, Replayed) and all(
            last.fields[one.path].compared >= gate.sample for one in gate.fields
        )
    if isinstance(gate, SmokeGate):
        return isinstance(last, Smoked) and len(last.answers) >= last.wanted > 0
    return isinstance(last, Measured)


def fails(gate: Gate, looks: Sequence[Look]) -> bool:
    """Whether these looks are evidence enough to go back."""
    last = looks[-1] if looks else None
    if isinstance(gate, RateGate):
        requests, events = _sums(_calm(gate, looks))
        compared = Comparison(gate.max_ratio or 1.0)
        for look in _counted(looks):
            compared = compared.with_interval(look.candidate, look.stable)
        worse = gate.max_ratio is not None and compared.shows(gate.alpha)
        return worse or shows_above(events, requests, gate.limit, gate.alpha)
    if isinstance(gate, AgreementGate) and isinstance(last, Replayed):
        found = [(last.fields[one.path], one.at_least) for one in gate.fields]
        bounds = [(intervals.lower_bound(one.equal, one.compared, CONFIDENCE), least) for one, least in found]
        return any(bound < least for bound, least in bounds)
    if isinstance(gate, SmokeGate) and isinstance(last, Smoked):
        return any(answer.status != gate.status for answer in last.answers)
    return False


def _counted(looks: Sequence[Look]) -> Iterator[Counted]:
    return (look for look in looks if isinstance(look, Counted))


def _calm(gate: RateGate, looks: Sequence[Look]) -> list[Look]:
    """Without those in which the stable deployment is over the limit, where it is compared with."""
    if gate.max_ratio is None or gate.evidence == "fixed":
        return list(looks)
    return [
        look
        for look in _counted(looks)
        if intervals.lower_bound(look.stable.events, look.stable.requests, 0.99) <= gate.limit
    ]


def _sums(looks: Sequence[Look]) -> tuple[int, int]:
    total = NOTHING
    for look in _counted(looks):
        total = total.plus(look.candidate)
    return total.requests, total.events


def _least(step: Step) -> float:
    return step.least if isinstance(step, ShadowStep | TrafficStep) else 0.0


def _wanted(plan: Plan, state: State) -> Shares:
    """The shares of a step, found by going through the plan again."""
    step = plan.steps[state.step]
    if isinstance(step, ShadowStep):
        return Shares(state.back.stable, 0, step.percent)
    so_far = [one.percent for one in plan.steps[: state.step + 1] if isinstance(one, TrafficStep)]
    if not so_far or (state.first and so_far[-1] < 100):
        return state.back
    return Shares(100 - so_far[-1], so_far[-1])
