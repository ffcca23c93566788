"""Traffic and the guard over live slots under the real engine, proved by the journal of writes."""

import pytest

from tests.fixtures.small_azure import Fault, SmallAzure
from tests.providers.conftest import Stack

_ENDPOINT = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg"
    "/providers/microsoft.machinelearningservices/workspaces/mlw/onlineendpoints/diabetes"
)
_WRITES = "onlineendpoints/"


def _live(on: SmallAzure | Stack) -> object:
    return on.world.resources[_ENDPOINT]["properties"]["traffic"]


def test_shares_follow_deployments_and_leave_before_them(stack: Stack, small_azure: SmallAzure) -> None:
    """First up; green added; green alone and blue gone in one up; destroy."""
    stack.configure(slots={"blue": "m1"}, traffic={"blue": 100})
    stack.up()
    assert small_azure.world.writes(_WRITES) == [
        "PUT diabetes 201",
        "PUT blue 201",
        'PUT diabetes 200 {"blue": 100}',
    ]

    small_azure.world.journal.clear()
    stack.configure(slots={"blue": "m1", "green": "m2"}, traffic={"blue": 90, "green": 10})
    shown = stack.preview()
    assert "~ blue : 100 => 90" in shown or "~ blue: 100 => 90" in shown
    stack.up()
    assert small_azure.world.writes(_WRITES) == [
        "PUT green 201",
        'PUT diabetes 200 {"blue": 90, "green": 10}',
    ]

    small_azure.world.journal.clear()
    stack.configure(slots={"green": "m2"}, traffic={"green": 100})
    stack.up()
    assert small_azure.world.writes(_WRITES) == ['PUT diabetes 200 {"green": 100}', "DELETE blue 202"]

    small_azure.world.journal.clear()
    stack.run("destroy", "--yes", "--skip-preview")
    assert small_azure.world.writes(_WRITES) == [
        "PUT diabetes 200 {}",
        "DELETE green 202",
        "DELETE diabetes 200",
    ]


def test_rejected_shares_leave_the_old_deployment_alive(standing: Stack) -> None:
    standing.world.faults.append(Fault("PUT", "onlineEndpoints/diabetes$", 400, "BadTraffic"))
    standing.configure(slots={"green": "m2"}, traffic={"green": 100})
    assert "BadTraffic" in standing.up(fails=True)
    assert standing.world.writes("deployments/blue") == []
    standing.up()
    assert _live(standing) == {"green": 100}
    assert f"{_ENDPOINT}/deployments/blue" not in standing.world.resources


def test_a_write_of_the_endpoint_keeps_the_shares(standing: Stack) -> None:
    """With the state refreshed the write carries them; without, they are asserted again at once."""
    standing.configure(team="b")
    standing.up("--refresh")
    assert _live(standing) == {"blue": 100}
    standing.world.journal.clear()
    standing.configure(team="c")
    standing.up()
    assert _live(standing) == {"blue": 100}


def test_shares_changed_behind_its_back_are_shown_and_mended(standing: Stack) -> None:
    standing.world.resources[_ENDPOINT]["properties"]["traffic"] = {"blue": 30, "green": 70, "red": 0}
    shown = standing.preview("--refresh")
    assert "30 => 100" in shown
    assert "- green" in shown
    assert "red" not in shown.partition("EndpointTraffic: (update)")[2]
    standing.up("--refresh")
    assert _live(standing) == {"blue": 100}


def test_shares_that_nobody_tells_stay_until_the_deployments_go(
    stack: Stack, small_azure: SmallAzure
) -> None:
    """A program without shares leaves them to whoever moves them, and still can take everything down."""
    stack.configure(slots={"blue": "m1", "green": "m2"})
    stack.up()
    small_azure.world.resources[_ENDPOINT]["properties"]["traffic"] = {"blue": 30, "green": 70}
    assert "EndpointTraffic: (update)" not in stack.preview("--refresh")
    stack.configure(team="b")
    stack.up("--refresh")
    assert _live(small_azure) == {"blue": 30, "green": 70}
    stack.configure(traffic={"blue": 100})
    stack.up("--refresh")
    assert _live(small_azure) == {"blue": 100}
    stack.run("destroy", "--yes", "--skip-preview")
    assert small_azure.world.writes(_WRITES)[-4] == "PUT diabetes 200 {}"


def test_impossible_shares_are_errors_at_preview(stack: Stack, small_azure: SmallAzure) -> None:
    stack.configure(slots={"blue": "m1"}, traffic={"blue": 60, "gren": 30}, mirror={"blue": 60})
    shown = stack.preview(fails=True)
    for reason in (
        "there is no deployment 'gren'",
        "must add up to 100",
        "at most 50 percent",
        "answers live",
    ):
        assert reason in shown
    assert small_azure.world.journal == []


def test_a_busy_endpoint_is_waited_for(standing: Stack) -> None:
    standing.world.faults.append(
        Fault("PUT", "onlineEndpoints/diabetes$", 409, "AnotherOperationInProgress", times=2)
    )
    standing.configure(traffic={})
    standing.up()
    assert _live(standing) == {}
    assert standing.world.faults[0].times == 0


@pytest.mark.parametrize("preview", [True, False])
def test_a_live_slot_is_not_changed_under_its_users(standing: Stack, preview: bool) -> None:
    shares = {"blue": 90, "green": 10}
    standing.world.resources[_ENDPOINT]["properties"]["traffic"] = shares
    standing.configure(slots={"blue": "m3", "green": "m2", "red": "m4"}, traffic=shares)
    shown = standing.preview(fails=True) if preview else standing.up(fails=True)
    assert "blue answers 90 % of the requests of diabetes and would change under its users" in shown
    assert "score.py changed" in shown
    assert "the idle slot 'red'" in shown
    assert "green answers" not in shown
    assert standing.world.writes("deployments/") == []


def test_an_idle_slot_changes_and_the_preview_names_the_files(standing: Stack) -> None:
    standing.configure(slots={"blue": "m1", "green": "m3"})
    assert "green: score.py changed" in standing.run("preview")
    standing.up()
    assert standing.world.resources[f"{_ENDPOINT}/deployments/green"]["tags"] == {"azml-serves": "m3"}


def test_a_live_slot_changes_where_that_is_allowed(standing: Stack) -> None:
    standing.configure(slots={"blue": "m3", "green": "m2"}, allow=True)
    standing.up()
    assert standing.world.resources[f"{_ENDPOINT}/deployments/blue"]["properties"]["model"] == "m3"
