"""The driver carries plans out: by turns, with a lease, past kills, conflicts and what cannot be reached."""

import json

import pytest

from azml.rollout.deciding.events import told_of
from azml.rollout.deciding.replaying import replay
from azml.rollout.deciding.state import ENDED, Phase
from azml.rollout.driving.driver import LEASE, Driver, NoRollout, Turn
from azml.rollout.driving.ports import Unavailable
from azml.rollout.journals.document import Document
from azml.rollout.journals.journal import (
    Asked,
    BrokenJournal,
    Confirmed,
    Entered,
    Intended,
    Looked,
    Noted,
    Shares,
    Stuck,
    Told,
    Written,
)
from azml.rollout.plan import Plan
from tests.rollout.plans import plan, steps
from tests.rollout.simulation.candidates import Behaviour
from tests.rollout.stages import NEW, NONE, OLD, Stage

SHORT_TEXT = steps(
    "smoke: [smoke]",
    "{traffic: 10, for: 3m, gates: [errors]}",
    "{traffic: 100, for: 2m, gates: [errors]}",
)
SHORT = plan(SHORT_TEXT)
WAITS = plan(
    steps(
        "smoke: [smoke]",
        "{shadow: 20, for: 2m, gates: [errors]}",
        "{traffic: 10, for: 2m, gates: [errors]}",
        "approve: {within: 30m, while_waiting: [errors]}",
        "{traffic: 100, for: 2m, gates: [errors]}",
        "retire: {after: 10m}",
    )
)
BROKEN = Behaviour(own=1.0)
UNTIL_BAKING = frozenset({Phase.BAKING})


def ends(stage: Stage) -> tuple[Phase, Shares, Shares]:
    return stage.state.phase, stage.state.shares, stage.endpoint.actual


def test_a_good_candidate_takes_over_and_the_journal_says_how() -> None:
    stage = Stage(SHORT).begin().run()
    assert ends(stage) == (Phase.SUCCEEDED, NEW, NEW)
    assert stage.endpoint.writes == [Shares(90, 10), NEW]
    assert replay(SHORT, stage.document.entries) == stage.state
    assert stage.document.head.holder == ""
    again = list(told_of(stage.document))
    assert [one[1:3] for one in again] == [one[1:3] for one in stage.events]
    assert any(event.judgements for event in stage.events)
    assert all(isinstance(event.entry, Looked) for event in stage.events if event.judgements)
    broken = stage.document._replace(entries=(stage.document.entries[0], Entered(1.0, 77)))
    with pytest.raises(BrokenJournal, match="entry 2: does not follow"):
        list(told_of(broken))


def test_a_write_is_meant_written_and_read_back_before_anything_follows() -> None:
    stage = Stage(SHORT)
    stage.endpoint.lag = 90.0
    stage.begin().run()
    writes = [
        type(one) for one in stage.entries() if isinstance(one, Intended | Written | Confirmed | Entered)
    ]
    one = [Intended, Written]
    assert writes[:1] == [Entered] and writes[1:3] == one and Confirmed in writes[3:6]
    assert stage.state.phase is Phase.SUCCEEDED


def test_what_is_refused_twice_is_written_a_third_time() -> None:
    stage = Stage(SHORT, refused=2).begin().run()
    assert ends(stage) == (Phase.SUCCEEDED, NEW, NEW)
    assert stage.endpoint.writes == [Shares(90, 10), NEW]


def test_an_endpoint_that_takes_no_write_is_stuck_with_its_numbers_and_tried_on() -> None:
    stage = Stage(SHORT, refused=10**6).begin().run(frozenset({Phase.STUCK}))
    assert len(stage.entries(Stuck)) == 1
    assert "after 12" in stage.status.sentence and "reads stable 100 %" in stage.status.sentence
    assert "azml rollout abort diabetes" in stage.status.advice
    stage.refused = 0
    assert ends(stage.run()) == (Phase.SUCCEEDED, NEW, NEW)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("carried", "behaviour"),
    [(SHORT, Behaviour()), (SHORT, BROKEN), (WAITS, Behaviour())],
)
def test_killed_at_any_write_it_comes_to_the_same_end(
    carried: Plan, behaviour: Behaviour, after: bool
) -> None:
    def stage(kill_at: int) -> Stage:
        one = Stage(carried, behaviour, after=after).begin()
        one.at[3000.0] = lambda: one.ask("approve") and None
        one.kill_at, one.written = kill_at, 0
        return one.run()

    whole = stage(0)
    assert whole.state.phase in ENDED
    for kill_at in range(1, whole.written + 1):
        killed = stage(kill_at)
        assert ends(killed) == ends(whole), kill_at
        assert killed.drivers == 2


def test_two_drivers_are_kept_apart_until_the_lease_expires() -> None:
    stage = Stage(SHORT).begin()
    first, second = stage.driver(), stage.driver()
    assert first.turn().head == stage.document.head and stage.document.head.expires == LEASE
    before = stage.blob.tag
    found = second.turn()
    assert found.trouble == "engine 1 is carrying it out" and stage.blob.tag == before
    stage.time.now += LEASE + 1
    assert second.turn().trouble == "" and stage.document.head.holder == "engine 2"
    assert first.turn().trouble == "engine 2 is carrying it out"


@pytest.mark.parametrize(
    ("pause", "writes"), [(LEASE * 2 / 3, True), (LEASE * 2 / 3 + 1, False), (LEASE, False)]
)
def test_a_driver_whose_lease_runs_out_in_the_middle_of_a_turn_writes_nothing(
    pause: float, writes: bool
) -> None:
    stage = Stage(SHORT)
    stage.time.now = 5000.0
    slow, write = stage.driver(), stage.blob.write

    def sleeps(text: str, etag: str | None) -> object:
        saved = write(text, etag)
        if "Intended" in text:
            stage.time.now += pause
        return saved

    stage.begin().blob.write = sleeps  # type: ignore[method-assign, assignment]
    found = slow.turn()
    while not found.trouble and not stage.endpoint.writes:
        found = slow.turn()
    assert found.trouble.startswith("the lease would expire") is not writes
    assert bool(stage.endpoint.writes) is writes
    stage.blob.write = write  # type: ignore[method-assign]
    assert ends(stage.run()) == (Phase.SUCCEEDED, NEW, NEW)


def test_what_people_ask_while_it_runs_is_followed() -> None:
    stage = Stage(SHORT).begin()
    stage.at[100.0] = lambda: stage.ask("pause") and None
    stage.run()
    assert stage.state.phase is Phase.PAUSED and stage.endpoint.actual == Shares(90, 10)
    assert stage.status.sentence == (
        "Paused at step 2 of 3: pause was requested by somebody. Now blue has 90 % and green has 10 %."
    )
    assert "azml rollout resume diabetes" in stage.status.advice
    stage.ask("resume")
    assert ends(stage.run()) == (Phase.SUCCEEDED, NEW, NEW)


def test_a_journal_that_changes_under_a_turn_is_read_again() -> None:
    stage = Stage(SHORT).begin().run(UNTIL_BAKING)
    driver = stage.driver()
    look = stage.look

    def asks(*about: object) -> object:
        stage.ask("pause")
        return look(*about)  # type: ignore[arg-type]

    stage.look = asks  # type: ignore[method-assign, assignment]
    stage.time.now += 60
    turn = driver.turn()
    assert (turn.trouble, turn.wait) == ("another process has written to the journal in the meantime", 0.0)
    assert driver.turn().state.phase is Phase.PAUSED
    assert stage.entries(Looked)[1:] == []


def test_a_store_that_cannot_be_reached_stops_nothing_for_good() -> None:
    stage = Stage(SHORT).begin()
    read, calls = stage.read, 0

    def fails() -> object:
        nonlocal calls
        calls += 1
        if calls % 3:
            raise Unavailable("503")
        return read()

    stage.read = fails  # type: ignore[method-assign, assignment]
    troubles: list[Turn] = []
    Driver(stage.ports, "one").run(each=troubles.append)
    assert stage.state.phase is Phase.SUCCEEDED
    assert {turn.trouble for turn in troubles} == {"", "503"}


def test_without_a_journal_there_is_nothing_to_carry_out() -> None:
    with pytest.raises(NoRollout, match="azml rollout run"):
        Stage(SHORT).driver().turn()


def test_a_broken_journal_is_named_with_its_line() -> None:
    stage = Stage(SHORT).begin().run(UNTIL_BAKING)
    for text, said in (
        (stage.blob.text + "{}\n", f"line {len(stage.document.entries) + 2}: is not an entry"),
        ("nothing\n" + stage.document.body, "line 1: is not the head"),
        (stage.blob.text + '{"kind":"Entered","at":1.0,"step":77}\n', "does not follow"),
    ):
        broken = Stage(SHORT)
        broken.blob.document, broken.blob.text = stage.document, text
        with pytest.raises(BrokenJournal, match=said):
            broken.driver().turn()


def test_a_line_that_comes_while_it_runs_is_named_too() -> None:
    stage = Stage(SHORT).begin()
    driver = stage.driver()
    driver.turn()
    last = len(stage.document.entries)
    stage.blob.text += '{"kind":"Entered","at":1.0,"step":77}\n'
    stage.blob.tag += 1
    with pytest.raises(BrokenJournal, match=f"entry {last + 1}: does not follow"):
        driver.turn()


def test_a_start_that_was_cut_off_is_said() -> None:
    stage = Stage(SHORT).begin()
    stage.blob.document = Document(stage.document.head)
    stage.blob.text = stage.document.text
    with pytest.raises(NoRollout, match="was interrupted: begin it again"):
        stage.driver().turn()


def test_time_does_not_go_back_in_a_journal() -> None:
    stage = Stage(SHORT).begin()
    driver = stage.driver()
    while stage.state.step == 0:
        driver.turn()
    stage.time.skew = -500.0
    driver.turn()
    times = [one.at for one in stage.document.entries]
    assert stage.state.intended == Shares(90, 10) and times == sorted(times)


def test_what_others_write_is_watched_once() -> None:
    stage = Stage(SHORT).begin()
    driver = stage.driver()
    driver.turn()
    stage.ask("pause")
    driver.turn()
    assert [one.entry for one in stage.events] == list(stage.document.entries)


def test_a_driver_goes_on_with_the_rollout_that_follows() -> None:
    stage = Stage(SHORT, BROKEN).begin()
    driver = stage.driver()
    assert driver.run().state.phase is Phase.ROLLED_BACK
    stage.begin(bundle="def")
    found = driver.turn()
    assert found.head and found.head.number == 2 and found.state == stage.state


def test_a_paused_rollout_is_left_alone() -> None:
    stage = Stage(SHORT).begin()
    stage.ask("pause")
    before = stage.blob.tag
    assert stage.driver().turn().wait == SHORT.interval and stage.blob.tag == before


def test_shares_that_azure_does_not_take_are_refused_at_the_edge() -> None:
    stage = Stage(SHORT).begin()
    bad = '{"kind":"Intended","at":1.0,"shares":{"kind":"Shares","stable":-25,"candidate":125,"mirror":0}}\n'
    stage.blob.text += bad
    with pytest.raises(BrokenJournal, match="shares that Azure refuses"):
        stage.driver().turn()


def test_who_is_to_be_told_is_told_once_and_a_failure_stops_nothing() -> None:
    text = steps("smoke: [smoke]", "{traffic: 100, for: 2m, gates: [errors]}")
    given = plan(text + "\nnotify: [{on: [full, succeeded], webhook: chat}]")
    stage = Stage(given).begin().run()
    said = [json.loads(text) for _, text in stage.told]
    assert [one["reached"] for one in said] == ["full", "succeeded"]
    assert said[1]["sentence"] == stage.status.sentence and said[1]["advice"]
    assert {name for name, _ in stage.told} == {"chat"}
    deaf = Stage(given, deaf=True).begin().run()
    assert deaf.state.phase is Phase.SUCCEEDED and deaf.told == []
    assert {one.failed for one in deaf.entries(Told)} == {"the webhook answered 500"}


def test_a_phase_is_told_in_the_turn_that_reaches_it() -> None:
    text = steps("smoke: [smoke]", "{traffic: 100, for: 2m, gates: [errors]}")
    stage = Stage(plan(text + "\nnotify: [{on: [smoke], webhook: chat}]")).begin()
    driver = stage.driver()
    while driver.turn().state.phase is Phase.SHIFTING:
        pass
    assert stage.state.phase is Phase.SMOKE and len(stage.told) == 1


def test_that_it_is_stuck_is_told_while_no_write_is_taken() -> None:
    stage = Stage(plan(SHORT_TEXT + "\nnotify: [{on: [stuck], webhook: chat}]"), refused=10_000).begin()
    driver = stage.driver()
    for _ in range(60):
        stage.sleep(driver.turn().wait)
    assert stage.state.phase is Phase.STUCK and len(stage.told) == 1


def test_a_notice_that_a_kill_has_cut_off_is_sent_by_the_next_driver() -> None:
    text = steps("smoke: [smoke]", "{traffic: 100, for: 2m, gates: [errors]}")
    given = plan(text + "\nnotify: [{on: [succeeded], webhook: chat}]")
    whole = Stage(given).begin().run()
    stage = Stage(given, kill_at=whole.written - 1).begin()
    stage.run()
    assert stage.drivers == 2 and len(stage.entries(Told)) == 1 and len(stage.told) >= 1


def test_stable_that_does_not_answer_gets_no_live_traffic_by_itself() -> None:
    stage = Stage(SHORT, BROKEN)
    stage.endpoint.stable_answers = False
    stage.begin().run()
    assert ends(stage) == (Phase.PAUSED, Shares(90, 10), Shares(90, 10))
    assert "the stable deployment does not answer" in stage.status.sentence
    stage.ask("abort")
    assert ends(stage.run()) == (Phase.ABORTED, OLD, OLD)
    assert stage.entries(Noted) and "does not answer" in stage.status.sentence


def test_what_goes_back_waits_for_the_instances_it_needs() -> None:
    stage = Stage(SHORT, BROKEN)
    stage.endpoint.stable_small = (0.0, 1000.0)
    stage.endpoint.stable_small = (60.0, 1000.0)
    stage.begin().run(frozenset({Phase.STUCK}))
    assert "does not have the instances" in stage.status.sentence
    assert stage.endpoint.actual == Shares(90, 10)
    assert ends(stage.run()) == (Phase.ROLLED_BACK, OLD, OLD)
    assert stage.time.now >= 1000


def test_an_endpoint_that_cannot_be_read_pauses_in_the_end() -> None:
    stage = Stage(SHORT).begin().run(UNTIL_BAKING)

    def unreadable() -> Shares:
        raise Unavailable("404")

    stage.shares = unreadable  # type: ignore[method-assign]
    stage.run()
    assert stage.state.reason == "its deadline of 360 minutes has passed; the endpoint cannot be read"


def test_a_first_deployment_goes_back_to_none() -> None:
    stage = Stage(SHORT, Behaviour(status=500), start=NONE).begin().run()
    assert ends(stage) == (Phase.ROLLED_BACK, NONE, NONE)
    assert stage.status.sentence.startswith("Rolled back: no deployment has traffic; smoke: ")


def test_the_measured_split_is_told() -> None:
    stage = Stage(SHORT).begin().run(UNTIL_BAKING)
    driver = stage.driver()
    stage.time.now += 60
    driver.turn()
    assert stage.status.served == pytest.approx(10.0, abs=0.1) and stage.status.requests > 3000
    assert stage.status.step == 2 and stage.status.of == 3


def test_an_asked_entry_changes_no_holder() -> None:
    stage = Stage(SHORT).begin()
    stage.driver().turn()
    stage.ask("pause")
    assert stage.document.head.holder == "engine 1"
    assert isinstance(stage.document.entries[-1], Asked)


def test_writes_name_the_shares_of_the_journal() -> None:
    stage = Stage(SHORT).begin().run()
    assert [one.shares for one in stage.entries(Intended)] == stage.endpoint.writes


def test_that_stable_does_not_answer_is_noted_once() -> None:
    stage = Stage(SHORT).begin().run(UNTIL_BAKING)
    stage.endpoint.stable_answers, stage.endpoint.stable_small = False, (0.0, stage.time.now + 500)
    stage.ask("abort")
    assert ends(stage.run()) == (Phase.ABORTED, OLD, OLD)
    assert len(stage.entries(Noted)) == len(stage.entries(Stuck)) == 1


def test_a_look_that_takes_long_leaves_a_whole_lease() -> None:
    stage = Stage(SHORT).begin().run(UNTIL_BAKING)
    driver, look = stage.driver(), stage.look

    def slow(*about: object) -> object:
        stage.time.now += 100
        return look(*about)  # type: ignore[arg-type]

    stage.look = slow  # type: ignore[method-assign, assignment]
    stage.time.now += 60
    driver.turn()
    assert stage.document.head.expires == stage.time.now + LEASE


def test_an_abort_that_is_asked_before_a_repeated_write_is_not_written_over() -> None:
    stage = Stage(SHORT, refused=1).begin()
    driver, ready = stage.driver(), stage.ready
    while driver.turn().trouble != "the endpoint is Updating":
        pass

    def asks(shares: Shares) -> bool:
        stage.ask("abort")
        return ready(shares)

    stage.ready = asks  # type: ignore[method-assign]
    assert driver.turn().trouble == "another process has written to the journal in the meantime"
    assert stage.endpoint.writes == []


def test_without_anybody_to_tell_what_is_to_be_told_waits() -> None:
    text = steps("smoke: [smoke]", "{traffic: 100, for: 2m, gates: [errors]}")
    stage = Stage(plan(text + "\nnotify: [{on: [succeeded], webhook: chat}]")).begin()
    Driver(stage.ports._replace(notices=None), "one").run()
    assert stage.state.untold == ((Phase.SUCCEEDED, "chat"),) and stage.told == []


def test_waiting_for_a_person_counts_not_towards_the_deadline() -> None:
    stage = Stage(WAITS).begin().run(frozenset({Phase.WAITING}))
    entered = stage.state.entered
    stage.time.now += 1000
    assert stage.ask("approve").idle == stage.time.now - entered >= 1000


def test_after_a_deed_the_next_turn_is_at_once_and_after_a_write_in_a_while() -> None:
    driver = Stage(SHORT).begin().driver()
    assert [driver.turn().wait for _ in range(3)] == [0.0, 0.0, 5.0]


def test_who_leaves_gives_back_its_own_lease_only() -> None:
    stage = Stage(SHORT).begin()
    first, second = stage.driver(), stage.driver()
    second.leave()
    first.turn()
    second.turn()
    second.leave()
    assert stage.document.head.holder == first.holder
    first.leave()
    assert (stage.document.head.holder, stage.document.head.expires) == ("", 0.0)


def test_who_waits_for_instances_has_the_lease_too() -> None:
    stage = Stage(SHORT).begin()
    stage.endpoint.candidate_ready_at = 1e9
    driver = stage.driver()
    assert driver.turn().state.phase is Phase.SHIFTING and stage.document.head.holder == driver.holder
    until = []
    for seconds in (0.0, 60.0, 30.0, 1.0):
        stage.time.now += seconds
        driver.turn()
        until.append(stage.document.head.expires)
    # It is renewed once more than half of it is over.
    assert until[0] == until[1] == until[2] < until[3]


def test_after_a_look_nothing_happens_until_the_next_one() -> None:
    stage = Stage(SHORT).begin().run(UNTIL_BAKING)
    stage.time.now += 60.0
    found = stage.driver().turn()
    assert isinstance(stage.document.entries[-1], Looked) and found.wait == 60.0
