"""The rules of shares, for all shares."""

from hypothesis import given
from hypothesis import strategies as st

from azml.emulator.control.arm.errors import ArmError
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.store import Record
from azml.emulator.control.machinelearning.traffic import (
    check_mirror,
    check_traffic,
    read_shares,
    without_gone,
)
from tests.fixtures.control_plane import ENDPOINT

STATES = ("Succeeded", "Failed", "Creating", "Updating", "Deleting")
names = st.sampled_from(["blue", "green", "red"])
shares = st.dictionaries(names, st.integers(0, 100), max_size=3)
whole = st.permutations(["blue", "green", "red"]).flatmap(
    lambda order: st.integers(0, 100).map(lambda first: {order[0]: first, order[1]: 100 - first})
)


def deployment(name: str, state: str) -> Record:
    return Record(resource_id(f"{ENDPOINT}/deployments/{name}"), {"properties": {"provisioningState": state}})


worlds = st.dictionaries(names, st.sampled_from(STATES)).map(
    lambda states: {name: deployment(name, state) for name, state in states.items()}
)


def is_taken(wanted: dict[str, int], live: dict[str, int], world: dict[str, Record]) -> bool:
    try:
        check_traffic(wanted, live, world)
    except ArmError as error:
        assert error.status == 400
        return False
    return True


@given(shares | whole, worlds)
def test_new_shares_are_taken_exactly_when_they_are_whole_and_everybody_named_is_ready(
    wanted: dict[str, int], world: dict[str, Record]
) -> None:
    ready = all(
        name in world
        and (world[name].state == "Succeeded" or (share == 0 and world[name].state != "Deleting"))
        for name, share in wanted.items()
    )
    assert is_taken(wanted, {}, world) == (ready and sum(wanted.values()) in (0, 100))


@given(whole, worlds)
def test_what_is_live_can_be_put_again_while_its_deployments_are_there(
    live: dict[str, int], world: dict[str, Record]
) -> None:
    there = all(name in world and world[name].state != "Deleting" for name in live)
    assert is_taken(live, live, world) == there


@given(shares, shares, worlds)
def test_only_zeros_of_deleted_deployments_are_left_out(
    wanted: dict[str, int], live: dict[str, int], world: dict[str, Record]
) -> None:
    kept = without_gone(wanted, live, world)
    left_out = set(wanted) - set(kept)
    assert all(wanted[name] == 0 and name in live and name not in world for name in left_out)


@given(shares, whole, st.booleans())
def test_a_mirror_is_one_idle_ready_deployment_with_at_most_half(
    mirror: dict[str, int], traffic: dict[str, int], kubernetes: bool
) -> None:
    world = {name: deployment(name, "Succeeded") for name in ("blue", "green", "red")}
    targets = {name: share for name, share in mirror.items() if share}
    good = not targets or (
        not kubernetes
        and len(targets) == 1
        and all(share <= 50 and not traffic.get(name) for name, share in targets.items())
    )
    try:
        check_mirror(mirror, traffic, world, kubernetes=kubernetes)
    except ArmError:
        assert not good
    else:
        assert good


@given(st.integers())
def test_a_share_is_a_number_of_percent(share: int) -> None:
    try:
        read = read_shares({"traffic": {"blue": share}}, "traffic")
    except ArmError:
        assert not 0 <= share <= 100
    else:
        assert read == {"blue": share}
