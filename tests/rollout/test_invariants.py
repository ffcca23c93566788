"""Whatever happens, and in whatever order: the invariants of a rollout."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from azml.rollout.deciding import engine
from azml.rollout.deciding.engine import Append, Write
from azml.rollout.deciding.replaying import apply, replay
from azml.rollout.deciding.state import ENDED, Phase
from azml.rollout.journals import journal
from azml.rollout.journals.journal import Advanced, Intended, Looked, Shares, Started
from azml.rollout.judging.looks import Answer, Counted, Look, Matches, Missing, Replayed, Smoked
from azml.rollout.judging.verdicts import Verdict
from azml.rollout.statistics.comparison import Seen
from tests.rollout.plans import plan, steps
from tests.rollout.worlds import HEALTHY, World

PLANS = [
    plan("prod"),
    plan("dev"),
    plan(
        steps(
            "smoke: [smoke]",
            "{shadow: 20, for: 2m, gates: [errors]}",
            "{traffic: 10, for: 3m, gates: [errors]}",
            "approve: {within: 20m, while_waiting: [errors]}",
            "{traffic: 60, for: 2m, gates: [agreement]}",
            "{traffic: 100, for: 3m, gates: [errors]}",
        )
    ),
]
BAD: Mapping[str, Look] = {
    "errors": Counted(Seen(200, 80), Seen(3800, 4)),
    "agreement": Replayed({"$[*]": Matches(500, 400)}),
    "smoke": Smoked(1, (Answer(500, 0.1),)),
}
LOOKS = {"good": HEALTHY, "bad": {**HEALTHY, **BAD}, "none": {}, "failed": {"errors": Missing("503")}}
MOVES = [Shares(100, 0), Shares(0, 100), Shares(40, 60), Shares(0, 0)]
EVENTS = st.one_of(
    st.tuples(st.just("looks"), st.sampled_from([*["good"] * 6, "bad", "none", "failed"])),
    st.tuples(st.just("ticks"), st.integers(1, 30)),
    st.tuples(st.just("ask"), st.sampled_from(["pause", "resume", "resume", "approve", "approve", "abort"])),
    st.tuples(st.just("moved"), st.sampled_from(MOVES)),
    st.tuples(st.just("ready"), st.booleans()),
    st.tuples(st.just("late"), st.sampled_from([0.0, 0.0, 90.0, 300.0])),
    st.tuples(st.just("blind"), st.integers(1, 3)),
    st.tuples(st.just("gap"), st.sampled_from([30.0, 4000.0, -60.0])),
    st.tuples(st.just("kill"), st.integers(1, 4)),
)


def happens(world: World, kind: str, what: Any) -> None:
    match kind:
        case "looks":
            world.looks = lambda now: LOOKS[what]
        case "ask":
            world.ask(what)
        case "moved":
            world.shares = what
        case "ready":
            world.ready = lambda now: bool(what)
        case "late":
            world.visible_after = what
        case "gap":
            world.now += what
        case "kill":
            world.kill_at = world.done + what
        case "ticks" | "blind":
            for _ in range(what):
                checked_tick(world, unreadable=kind == "blind")


def checked_tick(world: World, *, unreadable: bool) -> None:
    before = world.state
    ready = world.ready(world.now)
    actions = world.tick(unreadable=unreadable)
    for action in actions:
        if isinstance(action, Write):
            assert action.shares.sound
            assert action.shares == before.back or action.shares.candidate + action.shares.mirror > 0
        elif isinstance(action, Append) and isinstance(action.entry, Intended):
            wanted = action.entry.shares
            assert ready or wanted in (before.back, before.shares)
            assert not unreadable or wanted == before.back
        elif isinstance(action, Append) and isinstance(action.entry, Advanced):
            assert passed(world, before, actions)
    if before.phase in ENDED:
        assert actions == ()


def passed(world: World, before: Any, actions: tuple[Any, ...]) -> bool:
    """Whether the look that the step ended with let every gate pass, after the whole bake."""
    looked = [one.entry for one in actions if isinstance(one, Append) and isinstance(one.entry, Looked)]
    if not looked:
        return before.phase is Phase.RETIRING
    after = apply(world.plan, before, looked[0])
    whole = after.measured >= getattr(world.plan.steps[before.step], "least", 0.0)
    return whole and all(one.verdict is Verdict.PASS for one in engine.judgements(world.plan, after))


def rises_are_earned(world: World) -> None:
    """Between a confirmed share and a higher intended one, a step was done or a person resumed it."""
    share, earned = 0, False
    for entry in world.entries():
        if isinstance(entry, Advanced) or (
            isinstance(entry, journal.Asked) and entry.what in ("resume", "approve")
        ):
            earned = True
        elif isinstance(entry, Started):
            share, earned = entry.shares.candidate, True
        elif isinstance(entry, Intended):
            rises = entry.shares.candidate > share
            assert earned or not rises
            share, earned = entry.shares.candidate, earned and not rises


@settings(max_examples=80, deadline=None)
@given(
    which=st.sampled_from(PLANS),
    first=st.booleans(),
    events=st.lists(EVENTS, max_size=25),
)
def test_the_invariants_hold_in_every_history(which: Any, first: bool, events: list[tuple[str, Any]]) -> None:
    world = World(which, shares=Shares(0, 0) if first else Shares(100, 0)).start()
    for kind, what in events:
        happens(world, kind, what)
    assert replay(which, world.entries()) == world.state
    rises_are_earned(world)
    # From wherever it is, all traffic goes back by one write, and then nothing moves any more.
    world.visible_after, world.late, world.kill_at = 0.0, [], None
    if world.state.phase not in ENDED:
        back = world.state.back
        world.ask("abort")
        for _ in range(3):
            world.tick()
        assert world.state.phase in (Phase.ABORTED, Phase.ROLLED_BACK)
        assert world.shares == back and world.tick() == ()
