"""The guard of live slots: what it refuses, the way out it names, and what it says of a change."""

import pytest

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.engine_values import Value
from azml.file_list import file_list_text
from azml.providers.azml.live_changes import read_live
from azml.providers.azml.live_slots import LiveSlots
from azml.providers.calls import Check, Diff
from azml.providers.engine_log import EngineLog
from azml.served import digest_of_body
from tests.fixtures.control_plane import deployment_body, endpoint_body

_WORKSPACE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/w"
_ENDPOINT = f"{_WORKSPACE}/onlineEndpoints/diabetes"
_URN = "urn:pulumi:local::azml-local::azml:index:LiveSlots::diabetes"


class Lines(EngineLog):
    """What the user would read."""

    def __init__(self) -> None:
        super().__init__(None)
        self.told: list[str] = []

    def info(self, urn: str, message: str) -> None:
        self.told.append(message)

    def warning(self, urn: str, message: str) -> None:
        self.told.append(message)


def _serving(arm: Arm, traffic: dict[str, int]) -> None:
    arm.put(_WORKSPACE, API_VERSION, {"location": "westeurope", "properties": {}})
    arm.put(_ENDPOINT, API_VERSION, endpoint_body())
    for name in traffic:
        body = {**deployment_body(), "tags": {"azml-serves": "old"}}
        arm.put(f"{_ENDPOINT}/deployments/{name}", API_VERSION, body)
    arm.put(_ENDPOINT, API_VERSION, endpoint_body(traffic))


def _slot(digest: str, **files: str) -> dict[str, Value]:
    given = file_list_text({f"code/{name}.py": content for name, content in files.items()})
    return {"digest": digest, "files": given}


def _refusals(arm: Arm, slots: dict[str, Value]) -> list[str]:
    inputs: dict[str, Value] = {"endpointId": _ENDPOINT, "serves": slots}
    return [one.reason for one in LiveSlots(arm, Lines()).check(Check(_URN, "", inputs, {})).failures]


@pytest.mark.parametrize(
    ("traffic", "slots", "way"),
    [
        ({"blue": 100}, ("blue", "green"), "into the idle slot 'green'"),
        ({"blue": 90, "green": 10}, ("blue", "green"), "give one all the traffic first"),
        ({"blue": 100}, ("blue",), "`.venv/bin/azml release diabetes` creates one"),
    ],
)
def test_the_advice_fits_the_slots_there_are(
    arm: Arm, traffic: dict[str, int], slots: tuple[str, ...], way: str
) -> None:
    _serving(arm, traffic)
    wanted: dict[str, Value] = {name: _slot("new" if name == "blue" else "old") for name in slots}
    (reason,) = _refusals(arm, wanted)
    assert reason.startswith(f"blue answers {traffic['blue']} % of the requests of diabetes")
    assert way in reason


def test_what_stays_the_same_is_let_through(arm: Arm) -> None:
    _serving(arm, {"blue": 100})
    assert _refusals(arm, {"blue": _slot("old", score="b"), "green": _slot("new")}) == []


@pytest.mark.parametrize(("digest", "given"), [("new", ["blue: score.py changed"]), ("old", [])])
def test_files_are_named_when_what_is_served_changes_and_only_then(
    arm: Arm, digest: str, given: list[str]
) -> None:
    """A frozen release names the same versions another way: nothing that is served changed."""
    lines = Lines()
    before: dict[str, Value] = {"serves": {"blue": _slot("old", score="a", other="x")}}
    after: dict[str, Value] = {"serves": {"blue": _slot(digest, score="b", other="x"), "green": _slot("g")}}
    found = LiveSlots(arm, lines).diff(Diff(_URN, "", "diabetes", before, after, before))
    assert lines.told == given
    assert "serves.blue.files" in found.paths


def test_a_state_that_lists_files_one_by_one_is_no_difference(arm: Arm) -> None:
    """As states did until files became one text."""
    before: dict[str, Value] = {"serves": {"blue": {"digest": "d", "files": {"code/score.py": "a"}}}}
    after: dict[str, Value] = {"serves": {"blue": _slot("d", score="a")}}
    assert LiveSlots(arm, Lines()).diff(Diff(_URN, "", "diabetes", before, after, before)).paths == {}


def test_all_endpoints_are_judged_in_one_question_and_what_is_cleared_is_not_asked_again(arm: Arm) -> None:
    _serving(arm, {"blue": 100})
    guard = LiveSlots(arm, Lines())
    other = f"{_WORKSPACE}/onlineEndpoints/none"
    asked: dict[str, dict[str, Value]] = {_ENDPOINT: {"blue": _slot("new")}, other: {"blue": _slot("new")}}
    bodies = read_live(arm, _ENDPOINT, {"blue": {}})
    answer = guard.refused(bodies, asked)
    assert list(answer) == [_ENDPOINT]
    (reason,) = answer[_ENDPOINT]
    assert "AZML_ALLOW_LIVE_CHANGE=diabetes" in reason

    same: dict[str, Value] = {"blue": _slot("old")}
    assert guard.refused(bodies, {_ENDPOINT: same}) == {}
    found = arm.get(f"{_ENDPOINT}/deployments/blue", API_VERSION) or {}
    arm.put(f"{_ENDPOINT}/deployments/blue", API_VERSION, {**found, "tags": {"azml-serves": "other"}})
    cleared = {"endpointId": _ENDPOINT, "serves": same}
    assert list(guard.check(Check(_URN, "", cleared, {})).failures) == []
    changed = {"endpointId": _ENDPOINT, "serves": {"blue": _slot("new")}}
    assert len(guard.check(Check(_URN, "", changed, {})).failures) == 1


def test_what_the_program_refused_is_explained_and_changes_nothing(arm: Arm) -> None:
    """The files of the last update are the engine's to know; they must still be there for the next run."""
    _serving(arm, {"blue": 100})
    lines = Lines()
    before: dict[str, Value] = {
        "endpointId": _ENDPOINT,
        "serves": {"blue": {**_slot("old", score="a"), "instanceType": "Standard_DS2_v2"}},
    }
    after: dict[str, Value] = {
        "endpointId": _ENDPOINT,
        "serves": {"blue": {**_slot("new", score="b"), "instanceType": "Standard_F4s_v2"}},
        "told": True,
    }
    checked = LiveSlots(arm, lines).check(Check(_URN, "", after, before))
    assert (checked.inputs, list(checked.failures)) == (before, [])
    assert lines.told == ["blue: score.py changed, instance_type: Standard_DS2_v2 -> Standard_F4s_v2"]

    (failure,) = LiveSlots(arm, lines).check(Check(_URN, "", after, {})).failures
    assert "exists in Azure and is not in this stack's state" in failure.reason


def test_a_deployment_of_nobodys_is_no_reason_to_release(arm: Arm) -> None:
    _serving(arm, {"blue": 100})
    found = arm.get(f"{_ENDPOINT}/deployments/blue", API_VERSION) or {}
    arm.put(f"{_ENDPOINT}/deployments/blue", API_VERSION, {**found, "tags": {}})
    (reason,) = _refusals(arm, {"blue": _slot("new")})
    assert "no stack of this project created it" in reason
    assert "azml release" not in reason
    assert "azml import diabetes" in reason
    same = _slot(digest_of_body(found) or "")
    assert _refusals(arm, {"blue": same}) == [], "its own properties say what it serves"


def test_leave_for_one_run_is_no_difference(arm: Arm) -> None:
    olds: dict[str, Value] = {"serves": {}, "allow": False}
    news: dict[str, Value] = {"serves": {}, "allow": True}
    assert LiveSlots(arm, Lines()).diff(Diff(_URN, "", "diabetes", olds, news, olds)).paths == {}
