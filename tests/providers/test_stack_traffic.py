"""Traffic and the guard over live slots under the real engine, proved by the journal of writes."""

import pytest

from tests.fixtures.small_azure import Fault, SmallAzure
from tests.providers.conftest import Stack

_ENDPOINT = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg"
    "/providers/microsoft.machinelearningservices/workspaces/mlw/onlineendpoints/diabetes"
)
_WRITES = "onlineendpoints/"


@pytest.mark.timeout(600)
def test_shares_follow_deployments_and_leave_before_them(stack: Stack, small_azure: SmallAzure) -> None:
    """One endpoint's journey: each step begins where the one before has left it.

    tests/stack proves with these plugins that a write of the endpoint keeps the shares, that rejected shares
    leave the old deployment alive, that it goes once they have moved (test_traffic.py), and that a destroy
    takes the shares first (test_journey.py).
    """
    impossible_shares_are_errors_at_preview(stack, small_azure)
    a_first_up(stack, small_azure)
    another_slot_gets_a_share(stack, small_azure)
    a_live_slot_is_not_changed_under_its_users(stack, small_azure)
    what_was_changed_behind_its_back_is_shown_and_mended_once_a_busy_endpoint_is_free(stack, small_azure)
    shares_that_nobody_tells_stay(stack, small_azure)


def _live(azure: SmallAzure) -> object:
    return azure.world.resources[_ENDPOINT]["properties"]["traffic"]


def impossible_shares_are_errors_at_preview(stack: Stack, azure: SmallAzure) -> None:
    stack.configure(slots={"blue": "m1"}, traffic={"blue": 60, "gren": 30}, mirror={"blue": 60})
    shown = stack.preview(fails=True)
    for reason in (
        "there is no deployment 'gren'",
        "must add up to 100",
        "at most 50 percent",
        "answers live",
    ):
        assert reason in shown
    assert azure.world.journal == []


def a_first_up(stack: Stack, azure: SmallAzure) -> None:
    stack.configure(traffic={"blue": 100}, mirror=None)
    stack.up()
    assert azure.world.writes(_WRITES) == [
        "PUT diabetes 201",
        "PUT blue 201",
        'PUT diabetes 200 {"blue": 100}',
    ]


def another_slot_gets_a_share(stack: Stack, azure: SmallAzure) -> None:
    azure.world.journal.clear()
    stack.configure(slots={"blue": "m1", "green": "m2"}, traffic={"blue": 90, "green": 10})
    shown = stack.up("--diff")
    assert "~ blue : 100 => 90" in shown or "~ blue: 100 => 90" in shown
    assert azure.world.writes(_WRITES) == [
        "PUT green 201",
        'PUT diabetes 200 {"blue": 90, "green": 10}',
    ]


def a_live_slot_is_not_changed_under_its_users(stack: Stack, azure: SmallAzure) -> None:
    azure.world.journal.clear()
    stack.configure(slots={"blue": "m3", "green": "m2", "red": "m4"})
    shown = stack.up(fails=True)
    assert "blue answers 90 % of the requests of diabetes and would change under its users" in shown
    assert "score.py changed" in shown
    assert "the idle slot 'red'" in shown
    assert "green answers" not in shown
    assert azure.world.writes("deployments/") == []


def what_was_changed_behind_its_back_is_shown_and_mended_once_a_busy_endpoint_is_free(
    stack: Stack, azure: SmallAzure
) -> None:
    """In the same update an idle slot changes, whose files are named, and a live one, which is allowed."""
    shares = {"blue": 30, "green": 70, "red": 0}
    azure.world.resources[_ENDPOINT]["properties"]["traffic"] = shares
    azure.world.faults.append(
        Fault("PUT", "onlineEndpoints/diabetes$", 409, "AnotherOperationInProgress", times=2)
    )
    stack.configure(slots={"blue": "m3", "green": "m3"}, traffic={"blue": 100}, allow=True)
    shown = stack.up("--refresh", "--diff")
    assert "30 => 100" in shown
    assert "- green" in shown
    assert "red" not in shown.partition("EndpointTraffic: (update)")[2].partition("Resources:")[0]
    assert "green: score.py changed" in shown
    assert azure.world.faults[-1].times == 0
    assert _live(azure) == {"blue": 100}
    assert azure.world.resources[f"{_ENDPOINT}/deployments/green"]["tags"] == {"azml-serves": "m3"}
    assert azure.world.resources[f"{_ENDPOINT}/deployments/blue"]["properties"]["model"] == "m3"


def shares_that_nobody_tells_stay(stack: Stack, azure: SmallAzure) -> None:
    """A program without shares leaves them to whoever moves them."""
    azure.world.resources[_ENDPOINT]["properties"]["traffic"] = {"blue": 30, "green": 70}
    stack.configure(traffic=None, team="b")
    stack.up("--refresh")
    assert _live(azure) == {"blue": 30, "green": 70}
    azure.world.resources[_ENDPOINT]["properties"]["traffic"] = {"blue": 20, "green": 80}
    assert "EndpointTraffic: (update)" not in stack.preview("--refresh")
