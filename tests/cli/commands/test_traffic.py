"""What `azml traffic` takes, and what it refuses before anything moves."""

from pathlib import Path

import pytest

from azml.cli.clone import Clone
from azml.cli.commands.traffic import problems, read_shares
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.release import moves
from azml.cli.stacks.stacks import Stack, WorkspaceName
from azml.findings import InvalidInput
from azml.stack.stack_file import StackEndpoint


def test_shares_are_read_as_they_are_written() -> None:
    assert read_shares(["blue=90", "green=10"]) == {"blue": 90, "green": 10}
    assert read_shares(["blue=0"]) == {"blue": 0}


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (["blue"], ["'blue' is not a share"]),
        (
            ["blue=x", "=3", "green=-1"],
            ["'blue=x' is not a share", "'=3' is not a share", "'green=-1' is not a share"],
        ),
        (["blue=50", "blue=50"], ["blue is named twice"]),
        (["blue=90", "green=20"], ["blue=90 green=20 adds up to 110"]),
    ],
)
def test_everything_that_is_no_share_is_told_at_once(wanted: list[str], says: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_shares(wanted)
    assert [finding.message for finding in caught.value.findings] == says
    assert all(finding.remedy for finding in caught.value.findings)


@pytest.mark.parametrize(
    ("body", "mirror", "says"),
    [
        ({"blue": 90, "green": 10}, {}, []),
        ({"blue": 90, "green": 10}, {"green": 20}, ["green gets 20 % mirrored"]),
        ({"blue": 100}, {"green": 20}, []),
        ({"blue": 90, "broken": 10}, {}, ["broken cannot take the traffic: its state is Failed"]),
        ({"blue": 100, "broken": 0}, {}, []),
        ({"gren": 100}, {}, ["has no deployment 'gren'"]),
        ({"next": 100}, {}, ["has no deployment 'next'"]),
        ({"stray": 100}, {}, ["stray is not in the stack file"]),
        (
            {"gren": 40, "broken": 60},
            {},
            ["has no deployment 'gren'", "broken cannot take the traffic"],
        ),
    ],
)
def test_what_is_not_ready_is_refused_all_of_it_at_once(
    body: dict[str, int], mirror: dict[str, int], says: list[str]
) -> None:
    slots = dict.fromkeys(("blue", "green", "broken", "next"))
    declared = StackEndpoint("diabetes", Path(), None, slots, {}, {"blue": 100})
    states = {"blue": "Succeeded", "green": "Succeeded", "broken": "Failed", "stray": "Succeeded"}
    there = tuple(OnlineDeployment(name, state, "Standard_DS2_v2", 1) for name, state in states.items())
    workspace = WorkspaceName("s", "rg", "ws")
    found = OnlineEndpoint(workspace, "diabetes", "Succeeded", "Key", "", {"blue": 100}, mirror, there, {})
    findings = list(problems(declared, found, body))
    assert len(findings) == len(says)
    for finding, part in zip(findings, says, strict=True):
        assert part in finding.message
        assert finding.remedy


def test_a_mirroring_that_only_the_stack_file_knows_counts_too() -> None:
    declared = StackEndpoint("diabetes", Path(), None, {"blue": None}, {}, None, {"blue": 10})
    there = (OnlineDeployment("blue", "Succeeded", "Standard_DS2_v2", 1),)
    found = OnlineEndpoint(WorkspaceName("s", "rg", "ws"), "diabetes", "", "Key", "", {}, {}, there, {})
    (finding,) = problems(declared, found, {"blue": 100})
    assert "blue gets 10 % mirrored" in finding.message


def test_a_rollback_goes_back_to_who_had_all_the_traffic_before_the_moves(tmp_path: Path) -> None:
    """An update's history does not know of them yet."""
    stack = Stack(Clone(tmp_path), "dev")
    moves.note(stack, "diabetes", {"blue": 100}, {"blue": 90, "green": 10})
    assert moves.before_move(stack, "diabetes", {"blue": 90, "green": 10}) == "blue"
    moves.note(stack, "diabetes", {"blue": 90, "green": 10}, {"blue": 50, "green": 50})
    moves.note(stack, "diabetes", {"blue": 50, "green": 50}, {"green": 100})
    assert moves.before_move(stack, "diabetes", {"green": 100}) == "blue"
    assert moves.before_move(stack, "diabetes", {"blue": 100}) is None, "somebody else moved it since"
    assert moves.before_move(stack, "churn", {"green": 100}) is None
    moves.note(stack, "diabetes", {"green": 100}, {"blue": 10, "green": 90})
    assert moves.before_move(stack, "diabetes", {"blue": 10, "green": 90}) == "green"
    moves.note(stack, "diabetes", {}, {"blue": 100})
    assert moves.before_move(stack, "diabetes", {"blue": 100}) is None
