"""`rollout:` of an endpoint: a plan, and nobody's shares beside it."""

from pathlib import Path
from typing import Any

import pytest

from azml import program
from azml.rollout.plan import shares
from azml.stack.account import Account
from azml.stack.facts import LiveState
from azml.stack.versions import endpoint_id
from tests.stack.settings.conftest import Findings, Read, endpoint, only

GATES = {"errors": {"metric": "error_rate", "max": 0.01}}
PLAN = {"gates": GATES, "steps": [{"traffic": 100, "for": "5m", "gates": ["errors"]}]}


def planned(rollout: object, **keys: Any) -> dict[str, Any]:
    return {"echo": {"deployments": {"blue": {}}, "rollout": rollout, **keys}}


def test_a_plan_owns_the_shares(read: Read) -> None:
    served = read(endpoints=planned(PLAN)).endpoints[0]
    assert (served.traffic, served.mirror_traffic) == (None, None)
    assert served.rollout is not None and list(shares(served.rollout)) == [100]


def test_shares_beside_a_plan_are_told_where_they_stand(findings: Findings, folder: Path) -> None:
    found = only(findings(endpoints=planned(PLAN, traffic={"blue": 100})))
    assert (found.key, found.message) == ("azml:endpoints.echo.traffic", "stands beside rollout:")
    own = folder / "scoring" / "echo" / "endpoint.yml"
    own.write_text("name: echo\ntraffic: {blue: 100}\n")
    found = only(findings(endpoints=planned(PLAN)))
    assert (found.file, found.line) == (own, 2)


def test_a_fault_in_a_plan_has_its_line_of_the_stack_file(findings: Findings) -> None:
    text = """\
config:
  azml:workspace: {resourceGroup: rg-azml-dev, name: mlw-azml-dev}
  azml:endpoints:
    echo:
      deployments: {blue: {}}
      rollout:
        gates:
          errors: {metric: error_rate, max: 0.01}
        steps:
          - traffic: 5
            for: 10m
            gates: [errors]
          - traffic: 100
            for: soon
            gates: [errors]
"""
    found = only(findings(text=text))
    assert (found.line, found.key) == (14, "azml:endpoints.echo.rollout.steps[1].for")


def test_a_protected_endpoint_takes_no_plan_without_gates(findings: Findings, folder: Path) -> None:
    requests = folder / "scoring" / "echo" / "requests"
    requests.mkdir()
    (requests / "one.json").write_text("[1]")
    assert "moves traffic without a gate" in only(findings(endpoints=planned("dev"), protect=True)).message


def test_preview_says_what_is_not_done(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("pulumi.log.info", said.append)
    account = Account("s", "t", "o")
    program.tell_rollouts(read(endpoints=endpoint()), account, LiveState())
    assert said == []
    settings = read(endpoints=planned(PLAN))
    program.tell_rollouts(settings, account, LiveState())
    assert "its rollout owns the shares" in said[0] and "azml rollout run" in said[0]
    own = account.workspace_id(settings.workspace.resource_group, settings.workspace.name)
    place = endpoint_id(own, settings.endpoints[0].spec.name)
    program.tell_rollouts(settings, account, LiveState(rollouts={place: "Step 2 of 4 is under way."}))
    assert "Step 2 of 4 is under way." in said[1]
