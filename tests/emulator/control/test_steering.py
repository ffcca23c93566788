"""States that a test steers, the same by a call in this process and by https to another."""

import pytest

from tests.fixtures.control_plane import (
    ENDPOINT,
    GROUP,
    WORKSPACE,
    Answer,
    Client,
    ControlPlane,
    Json,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.waiting import eventually

BLUE = f"{ENDPOINT}/deployments/blue"


@pytest.fixture
def steered(either: Client) -> Client:
    """A workspace with assets and an endpoint without deployments."""
    build_workspace(either)
    build_assets(either)
    either.done(either.arm("PUT", ENDPOINT, endpoint_body()))
    return either


def ask(azure: Client, page: str, **asked: object) -> None:
    answer = azure.own("POST", page, asked)
    assert answer.status == 204, answer.raw


def state(azure: Client, path: str = ENDPOINT) -> str:
    return str(azure.arm("GET", path).body["properties"]["provisioningState"])


def listed(azure: Client) -> list[str]:
    return [row["name"] for row in azure.arm("GET", f"{ENDPOINT}/deployments").body["value"]]


def operation(azure: Client, answer: Answer) -> Json:
    location = answer.headers["azure-asyncoperation"].removeprefix(azure.url).partition("?")[0]
    body: Json = azure.arm("GET", location).body
    return body


@pytest.mark.parametrize("shown", ["Creating", "Updating", "Deleting", "Succeeded", "Failed", "Canceled"])
def test_an_operation_shows_a_state_for_as_many_reads_as_asked(steered: Client, shown: str) -> None:
    ask(steered, "states", path_pattern="/diabetes$", method="PUT", state=shown, reads=3)
    answer = steered.arm("PUT", ENDPOINT, endpoint_body())
    assert answer.body["properties"]["provisioningState"] == shown
    assert [state(steered) for _ in range(3)] == [shown] * 3
    assert steered.finished(answer)["status"] == "Succeeded"
    assert state(steered) == "Succeeded"


def test_a_poll_of_the_operation_is_a_read_too(steered: Client) -> None:
    ask(steered, "states", path_pattern="/diabetes$", method="PUT", reads=2)
    answer = steered.arm("PUT", ENDPOINT, endpoint_body())
    assert [operation(steered, answer)["status"] for _ in range(2)] == ["InProgress"] * 2
    assert steered.finished(answer)["status"] == "Succeeded"


def test_seconds_pass_by_the_clock_that_a_test_moves(steered: Client) -> None:
    ask(steered, "states", path_pattern="/diabetes$", method="PUT", seconds=3_600)
    steered.arm("PUT", ENDPOINT, endpoint_body())
    ask(steered, "clock", advance=3_500)
    assert [state(steered) for _ in range(5)] == ["Updating"] * 5
    ask(steered, "clock", advance=101)
    eventually(lambda: state(steered) == "Succeeded")


def test_seconds_pass_by_themselves(steered: Client) -> None:
    ask(steered, "states", path_pattern="/diabetes$", method="PUT", seconds=0.05)
    steered.arm("PUT", ENDPOINT, endpoint_body())
    eventually(lambda: state(steered) == "Succeeded")


@pytest.mark.parametrize("ends", ["Failed", "Canceled"])
def test_an_operation_ends_as_asked_and_its_work_is_not_done(steered: Client, ends: str) -> None:
    ask(steered, "states", path_pattern="deployments/blue$", reads=1, ends=ends, code="Odd", message="why")
    answer = steered.arm("PUT", BLUE, deployment_body())
    assert state(steered, BLUE) == "Creating"
    assert operation(steered, answer) == {
        "name": operation(steered, answer)["name"],
        "status": ends,
        "error": {"code": "Odd", "message": "why"},
    }
    assert state(steered, BLUE) == ends
    assert steered.dataplane.deployments == {}
    steered.done(steered.arm("PUT", BLUE, deployment_body()))
    assert state(steered, BLUE) == "Succeeded"


def test_an_image_build_fails_at_once(steered: Client) -> None:
    """What Azure says when an environment cannot be built; the next try succeeds."""
    why = {"code": "ImageBuildFailure", "message": "pip could not install nonsense==1"}
    ask(steered, "states", path_pattern="deployments/blue$", method="PUT", ends="Failed", **why)
    answer = steered.arm("PUT", BLUE, deployment_body())
    assert steered.finished(answer)["error"] == why
    assert steered.arm("PUT", ENDPOINT, endpoint_body({"blue": 100})).code == "InvalidTraffic"


def test_a_delete_lasts_and_may_fail(steered: Client) -> None:
    ask(steered, "states", path_pattern="/diabetes$", method="DELETE", ends="Failed", code="Odd")
    assert steered.finished(steered.arm("DELETE", ENDPOINT))["error"]["code"] == "Odd"
    assert state(steered) == "Failed"
    ask(steered, "states", path_pattern="/diabetes$", method="DELETE", reads=2)
    steered.arm("DELETE", ENDPOINT)
    assert [state(steered) for _ in range(2)] == ["Deleting"] * 2
    eventually(lambda: steered.arm("GET", ENDPOINT).status == 404)


def test_a_type_that_is_made_at_once_can_take_its_time(either: Client) -> None:
    build_workspace(either)
    ask(either, "states", path_pattern="/ws1$", reads=1)
    body = either.arm("GET", WORKSPACE).body
    answer = either.arm("PUT", WORKSPACE, {name: body[name] for name in ("location", "properties")})
    assert answer.body["properties"]["provisioningState"] == "Updating"
    assert state(either, WORKSPACE) == "Updating"
    assert state(either, WORKSPACE) == "Succeeded"


def test_a_resource_that_is_updating_refuses_writes_until_it_is_done(steered: Client) -> None:
    ask(steered, "states", id=ENDPOINT, state="Updating", reads=2)
    for method, path, body in (
        ("PUT", ENDPOINT, endpoint_body()),
        ("PATCH", ENDPOINT, {"tags": {"a": "b"}}),
        ("POST", f"{ENDPOINT}/regenerateKeys", {"keyType": "Primary"}),
    ):
        answer = steered.arm(method, path, body)
        assert (answer.status, answer.code) == (409, "AnotherOperationInProgress")
    assert [state(steered) for _ in range(3)] == ["Updating", "Updating", "Succeeded"]
    steered.done(steered.arm("PUT", ENDPOINT, endpoint_body()))


def test_a_state_can_be_set_for_good_if_it_is_an_end(steered: Client) -> None:
    ask(steered, "states", id=ENDPOINT, state="Failed")
    assert [state(steered) for _ in range(5)] == ["Failed"] * 5
    assert steered.own("POST", "states", {"id": ENDPOINT, "state": "Updating"}).status == 400
    steered.done(steered.arm("PUT", ENDPOINT, endpoint_body()))
    assert state(steered) == "Succeeded"


def test_a_shown_state_does_not_bring_back_what_was_deleted(steered: Client) -> None:
    ask(steered, "states", id=ENDPOINT, state="Updating", seconds=60)
    steered.done(steered.arm("DELETE", ENDPOINT))
    ask(steered, "clock", advance=61)
    assert steered.arm("GET", ENDPOINT).status == 404


def test_reads_lag_behind_writes_by_reads(steered: Client) -> None:
    steered.done(steered.arm("PUT", BLUE, deployment_body()))
    ask(steered, "lags", path_pattern="/diabetes$", method="PUT", reads=2)
    steered.done(steered.arm("PUT", ENDPOINT, endpoint_body({"blue": 100})))
    seen = [steered.arm("GET", ENDPOINT).body["properties"]["traffic"] for _ in range(3)]
    assert seen == [{}, {}, {"blue": 100}]


def test_reads_lag_behind_writes_by_seconds(steered: Client) -> None:
    """A new resource is not found yet, a deleted one is still there: in lists too."""
    ask(steered, "lags", path_pattern="deployments/blue$", seconds=30, times=2)
    steered.done(steered.arm("PUT", BLUE, deployment_body()))
    assert steered.arm("GET", BLUE).code == "ResourceNotFound"
    assert listed(steered) == []
    ask(steered, "clock", advance=31)
    assert state(steered, BLUE) == "Succeeded"
    assert listed(steered) == ["blue"]
    steered.done(steered.arm("PUT", f"{ENDPOINT}/deployments/green", deployment_body()))
    steered.done(steered.arm("DELETE", BLUE))
    assert state(steered, BLUE) == "Succeeded"
    assert listed(steered) == ["blue", "green"], "in their old order"
    ask(steered, "clock", advance=31)
    assert steered.arm("GET", BLUE).status == 404
    assert listed(steered) == ["green"]


def test_a_list_is_a_read_and_tells_what_was(steered: Client) -> None:
    steered.done(steered.arm("PUT", BLUE, deployment_body()))
    ask(steered, "lags", path_pattern="/diabetes$", method="PUT", reads=2)
    steered.done(steered.arm("PUT", ENDPOINT, endpoint_body({"blue": 100})))
    endpoints = ENDPOINT.rpartition("/")[0]
    assert listed(steered) == ["blue"], "another list has not read it"
    seen = [steered.arm("GET", endpoints).body["value"][0]["properties"]["traffic"] for _ in range(3)]
    assert seen == [{}, {}, {"blue": 100}]


def test_throttling_says_when_to_come_back(steered: Client) -> None:
    ask(steered, "faults", method="GET", path_pattern="/diabetes$", status=429, retry_after=7, times=2)
    answers = [steered.arm("GET", ENDPOINT) for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "7"
    assert answers[0].code == "TooManyRequests"


def test_an_upload_is_throttled_in_the_storage_service_s_shape(steered: Client) -> None:
    ask(steered, "faults", method="PUT", path_pattern="blob.emulator/", status=503, code="ServerBusy")
    answer = steered.send("PUT", "/account1.blob.emulator/c/x", b"1")
    assert (answer.status, answer.headers["x-ms-error-code"]) == (503, "ServerBusy")


def test_clearing_lets_everything_held_go_on(steered: Client) -> None:
    ask(steered, "states", path_pattern="/diabetes$", method="PUT", reads=1_000)
    ask(steered, "lags", path_pattern="/diabetes$", method="PUT", reads=1_000)
    steered.arm("PUT", ENDPOINT, endpoint_body())
    eventually(lambda: state(steered) in ("Updating", "Succeeded"))
    assert steered.own("DELETE", "states").status == 204
    eventually(lambda: state(steered) == "Succeeded")


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ("states", {"state": "Sleeping"}),
        ("states", {"ends": "Updating"}),
        ("states", {"reads": -1}),
        ("states", {"reads": 1.5}),
        ("states", {"seconds": "long"}),
        ("states", {"path_pattern": "("}),
        ("states", {"method": "GET"}),
        ("states", {"id": "nonsense", "state": "Failed"}),
        ("lags", {"times": True}),
        ("lags", {"times": 0}),
        ("lags", {"ends": "Failed"}),
        ("clock", {"advance": -1}),
        ("clock", {"advance": 10**400}),
        ("clock", {"advance": 1e308}),
        ("clock", {"seconds": 1}),
        ("states", {"path_patern": "deployments/blue$"}),
        ("states", {"id": GROUP, "state": "Failed", "path_pattern": "x"}),
        ("faults", {"pattern": "deployments/blue$", "status": 400}),
        ("faults", {"times": 0}),
        ("faults", {"code": "two words\n"}),
        ("faults", {"retry_after": -1}),
        ("faults", {"status": 200}),
        ("faults", {"status": "many"}),
        ("faults", {"path_pattern": "["}),
        ("faults", {"delay_ms": 10**12}),
        ("faults", {"times": []}),
    ],
)
def test_what_cannot_be_read_is_refused(either: Client, page: str, asked: Json) -> None:
    assert either.own("POST", page, asked).status == 400


def test_a_state_of_what_is_not_there_is_refused(either: Client) -> None:
    assert either.own("POST", "states", {"id": GROUP + "/x/y", "state": "Failed"}).status in (400, 404)


def test_the_pages_want_the_control_token(either: Client) -> None:
    for page in ("states", "lags", "clock", "faults"):
        assert either.send("POST", f"/_azml/{page}", b"{}").status == 401


def test_a_restart_ends_all_steering(workspace: ControlPlane) -> None:
    """Wishes, faults, lags, shown states and added time; what was under way is carried out for real."""
    green = f"{ENDPOINT}/deployments/green"
    workspace.done(workspace.arm("PUT", green, deployment_body()))
    ask(workspace, "clock", advance=1_000)
    ask(workspace, "states", id=ENDPOINT, state="Updating", seconds=3_600)
    ask(workspace, "states", path_pattern="deployments/blue$", seconds=3_600, ends="Failed")
    under_way = workspace.arm("PUT", BLUE, deployment_body())
    ask(workspace, "lags", path_pattern="deployments/green$", seconds=3_600)
    workspace.done(workspace.arm("DELETE", green))
    assert listed(workspace) == ["green", "blue"]
    ask(workspace, "states", path_pattern="", method="*", ends="Failed", times=9)
    ask(workspace, "faults", path_pattern="", status=400, times=99)
    workspace.kill()
    workspace.start()
    eventually(lambda: workspace.own("GET", "health").body["restored"])
    workspace.done(under_way)
    assert (state(workspace), listed(workspace)) == ("Succeeded", ["blue"])
    workspace.done(workspace.arm("PUT", ENDPOINT, endpoint_body({"blue": 100})))
