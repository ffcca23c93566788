"""The sample requests: which file, how many, and what a refusal means for the others."""

from pathlib import Path

import pytest

from azml.azure.http import Response
from azml.cli.commands.up import asked
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.endpoints.sample import ask, find_request, one_line, requests_for
from azml.cli.stacks.stacks import WorkspaceName
from tests.cli.endpoints.test_scoring import endpoint as serving

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def made(uri: str, traffic: dict[str, int], **states: str) -> OnlineEndpoint:
    slots = tuple(OnlineDeployment(name, state, "", 4) for name, state in states.items())
    return OnlineEndpoint(
        WorkspaceName("s", "rg", "ws"), "price", "Succeeded", "Key", uri, traffic, {}, slots, {}
    )


@pytest.mark.parametrize(
    ("traffic", "count"),
    [
        ({}, 0),
        ({"blue": 100}, 10),
        ({"blue": 100, "green": 0}, 10),
        ({"blue": 50, "green": 50}, 40),
        ({"blue": 90, "green": 10}, 200),
        ({"blue": 99, "green": 1}, 500),
    ],
)
def test_requests_are_as_many_as_show_the_split(traffic: dict[str, int], count: int) -> None:
    assert requests_for(traffic) == count


def test_the_sample_request_is_any_file(tmp_path: Path) -> None:
    requests = tmp_path / "requests"
    assert find_request(tmp_path) is None
    requests.mkdir()
    for name in (".hidden", "a.json", "sample.png", "sample.json"):
        (requests / name).touch()
    for expected in ("sample.json", "sample.png", "a.json"):
        found = find_request(tmp_path)
        assert found == requests / expected
        found.unlink()
    assert find_request(tmp_path) is None


def test_a_deployment_that_refuses_holds_up_no_other_and_no_split(tmp_path: Path) -> None:
    """Green has no users: its refusal is told, without advice to read a log that says nothing of it."""
    picture = tmp_path / "sample.png"
    picture.write_bytes(PNG)
    answers = [(200, {"azureml-model-deployment": "blue"}, b"1")] * 11
    with serving(answers[0], (404, {}, b"no such\npage"), *answers[1:]) as (uri, seen):
        trial = ask(
            made(uri, {"blue": 100}, blue="Succeeded", green="Succeeded", red="Failed"),
            "key",
            picture,
            lambda _: None,
        )
    assert {request["content-type"] for request in seen} == {"image/png"}
    assert [one.deployment for one in trial.predictions] == ["blue"]
    assert trial.split == {"blue": 10}
    (refused,) = trial.troubles
    assert (refused.line("azml"), refused.serious) == ("price green: answered 404: no such page", False)
    assert asked(trial) == "1 deployment answered, and 10 requests through the split"


def test_a_deployment_with_users_that_fails_is_serious_and_its_log_tells_more(tmp_path: Path) -> None:
    sample = tmp_path / "sample.json"
    sample.write_text("{}")
    with serving((424, {}, b"the model raised"), (200, {}, b"1")) as (uri, _):
        trial = ask(
            made(uri, {"blue": 100}, blue="Succeeded", green="Succeeded"), "key", sample, lambda _: None
        )
    (refused,) = trial.troubles
    assert refused.serious
    assert refused.line("azml") == "price blue: answered 424: the model raised; see: azml logs price blue"
    assert trial.split == {}
    assert asked(trial) == "1 deployment answered"


def test_an_answer_that_is_no_text_is_told_by_its_size() -> None:
    assert one_line(Response(200, {"content-type": "image/png"}, PNG)) == f"{len(PNG)} bytes of image/png"
    assert one_line(Response(200, {}, b'{"a":  [1,\n2]}')) == '{"a": [1, 2]}'
