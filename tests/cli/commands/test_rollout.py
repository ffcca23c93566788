"""`azml rollout explain` and `lint`, from the stack file to the lines."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from azml.azure.errors import AzureError
from azml.cli.app import application
from azml.cli.clone import Clone
from azml.cli.commands.rollout import plans as rollout
from azml.cli.endpoints import endpoints, todays_traffic
from azml.cli.failure import InputError
from azml.cli.release import explained
from azml.cli.stacks import stacks
from azml.emulator.control.monitor.definitions import DEFINITIONS, ENDPOINT
from azml.emulator.control.monitor.query import read_query
from azml.emulator.control.monitor.series import Measured, samples, series
from azml.findings import InvalidInput
from azml.rollout.judging.looks import Missing
from azml.rollout.planning import lint
from tests.emulator.control.monitor.test_queries import measured
from tests.rollout.plans import plan
from tests.stack.settings.conftest import DEPLOYMENT

STACK = """\
config:
  azml:endpoints:
    echo:
      deployments: {blue: {}, green: {instance_count: 3}}
      rollout:
        gates:
          errors: {metric: error_rate, max: 0.01}
        steps:
          - {traffic: 10, for: 15m, gates: [errors]}
          - {traffic: 100, for: 30m, gates: [errors]}
"""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    folder = tmp_path / "scoring" / "echo"
    folder.mkdir(parents=True)
    (folder / "deployment.yml").write_text(DEPLOYMENT)
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    monkeypatch.setattr(rollout, "find_clone", lambda: Clone(tmp_path))
    return Clone(tmp_path)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(application(["rollout"]), ["rollout", *arguments, "--stack", "dev"])


def test_explain_prints_the_table(clone: Clone) -> None:
    lines = run("explain", "echo", "--requests-per-minute", "400").stdout.splitlines()
    assert lines[0] == "echo at 400 requests a minute; a candidate without errors needs:"
    row = "1 traffic 10 % 15 min errors 344 requests, 9 min 299 requests, 15 min"
    assert " ".join(lines[2].split()) == row
    assert lines[4:] == [
        "instances at the peak: 4 (blue 1, green 3)",
        "vCPUs at the peak, and their quota: not read: the traffic was said, so Azure was not asked",
        "versions side by side: 1 instance more than the largest alone, 0.8 to 6.0 instance-hours until the "
        "rollout ends; they run on until the old slot is reused or removed",
        "done at the earliest after 45 min",
        "done or paused at the latest after 6.0 h",
    ]


def test_explain_says_what_this_traffic_cannot_finish(clone: Clone) -> None:
    found = run("explain", "echo", "--requests-per-minute", "10").stdout
    assert "no verdict before it is paused" in found and "undecided at its only look" in found
    assert "never, as this traffic" in found
    assert "1 instance more than the largest alone, 6.0 instance-hours" in found


def test_explain_for_a_machine(clone: Clone) -> None:
    found = json.loads(run("explain", "echo", "--requests-per-minute", "400", "--json").stdout)
    assert (found["earliest_seconds"], found["instances"]) == (2700, {"blue": 1, "green": 3})
    assert [step["share"] for step in found["steps"]] == [10, 100] and found["vcpus"] is None
    assert found["steps"][0]["needs"][0]["strict_requests"] == 344
    both = {"more_instances": 1, "earliest_instance_hours": 0.75, "latest_instance_hours": 6.0}
    assert found["side_by_side"] == both


def test_lint_proves_each_gate(clone: Clone) -> None:
    done = run("lint", "echo")
    assert done.exit_code == 0
    assert done.stdout == (
        "errors: passes with 344 requests without errors; fails with 344 requests, all of them errors\n"
    )


def test_a_gate_that_gives_no_verdict_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint, "_made_up", lambda gate: iter([("nothing", Missing("gone"))] * 2))
    with pytest.raises(InvalidInput) as raised:
        explained.proved(plan("dev"))
    assert [str(one) for one in raised.value.findings] == [
        "smoke does not pass with nothing: smoke: gone",
        "smoke does not fail with nothing: smoke: gone",
    ]


def test_a_plan_may_be_tried_before_it_is_written(clone: Clone) -> None:
    refused = run("lint", "echo", "--plan", "prod").exception
    assert isinstance(refused, InvalidInput)
    assert [one.key for one in refused.findings] == ["gates.agreement.requests", "gates.smoke.requests"]
    (clone.root / "scoring" / "echo" / "plan.yml").write_text("steps: [{traffic: 100}]\n")
    assert run("explain", "echo", "--plan", "plan.yml", "--requests-per-minute", "1").exit_code == 0


def test_a_fault_of_the_stack_files_plan_has_its_line(clone: Clone) -> None:
    file = clone.root / "Pulumi.dev.yaml"
    file.write_text(STACK.replace("traffic: 100", "traffic: 5"))
    refused = run("explain", "echo", "--requests-per-minute", "1").exception
    assert isinstance(refused, InvalidInput)
    assert [(one.file, one.line) for one in refused.findings] == [(file, 10), (file, 5)]


def test_a_protected_stack_takes_no_plan_without_gates(clone: Clone) -> None:
    own = "rollout: {steps: [{traffic: 100}]}\n"
    text = STACK.partition("rollout:")[0] + own
    (clone.root / "Pulumi.dev.yaml").write_text(text)
    assert run("lint", "echo").exit_code == 0
    (clone.root / "Pulumi.dev.yaml").write_text(text + "  azml:protect: true\n")
    assert "moves traffic without a gate" in str(run("lint", "echo").exception)


def test_without_a_plan_the_presets_are_named(clone: Clone) -> None:
    (clone.root / "Pulumi.dev.yaml").write_text(STACK.partition("      rollout:")[0])
    refused = run("explain", "echo").exception
    assert isinstance(refused, InputError) and "dev, canary, prod" in refused.remedy


def connected(monkeypatch: pytest.MonkeyPatch, get: Callable[..., Any]) -> None:
    """Have an endpoint in Azure with one deployment, where ARM is asked by `get`."""
    connection = SimpleNamespace(arm=SimpleNamespace(get=get), workspace=SimpleNamespace(subscription_id="s"))
    blue = SimpleNamespace(instance_type="standard_ds3_V2", instance_count=1)
    echo = SimpleNamespace(id="/id", body={"location": "West Europe"}, deployments=(blue,))
    monkeypatch.setattr(stacks, "connect", lambda stack: connection)
    monkeypatch.setattr(endpoints, "read", lambda connection, name: echo)


DSV2 = "Standard DSv2 Family"


@pytest.mark.parametrize(
    ("quota", "limit", "used", "says"),
    [
        (f"{DSV2} Cluster Dedicated vCPUs", 100, 84, "24 of the quota of 100 are left"),
        (f"{DSV2} Cluster Dedicated vCPUs", 40, 30, "18 of the quota of 40 are left: ask Azure for 6 more"),
        ("Standard NC Family Cluster Dedicated vCPUs", None, 0, "Azure names no such quota"),
    ],
)
def test_explain_holds_the_vcpus_at_the_peak_against_the_quota(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, quota: str, limit: int | None, used: int, says: str
) -> None:
    """4 vCPUs for each of 2 and 4 instances: Azure keeps 20 % for upgrades. What blue has now is its own."""
    file = clone.root / "scoring" / "echo" / "deployment.yml"
    file.write_text(re.sub("instance_type: .*", "instance_type: Standard_DS3_v2", file.read_text()))
    base = "/subscriptions/s/providers/Microsoft.MachineLearningServices/locations/westeurope"
    sizes = [{"name": "Standard_DS3_v2", "family": "standardDSv2Family", "vCPUs": 4}]
    usage = {"name": {"value": quota}, "limit": limit or 9, "currentValue": used, "id": f"{base}/usages/1"}
    aside = {**usage, "id": "/subscriptions/s/workspaces/w/usages/1", "limit": 1}
    answers = {f"{base}/vmSizes": {"value": sizes}, f"{base}/usages": {"value": [usage, aside]}}
    connected(monkeypatch, lambda path, version, query=None: answers.get(path, {}))
    line = next(line for line in run("explain", "echo").stdout.splitlines() if "vCPUs" in line)
    name = quota if limit else "standarddsv2family"
    text = f"vCPUs at the peak: 24 of '{name}', 20 % for upgrades included"
    assert line == f"{text}; {says}"
    (need,) = json.loads(run("explain", "echo", "--json").stdout)["vcpus"]
    assert (need["vcpus"], need["limit"]) == (24, limit)


def test_todays_traffic_is_that_of_the_last_hour(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Azure Monitor is asked, answered by the local Azure's own reader of such questions."""
    asked: list[dict[str, str]] = []

    def get(path: str, api_version: str, query: dict[str, str] | None = None) -> dict[str, Any] | None:
        if query is None:
            return None  # no quota
        asked.append(query)
        assert path == "/id/providers/Microsoft.Insights/metrics"
        metric = next(one for one in DEFINITIONS[ENDPOINT.lower()] if one.name == query["metricnames"])
        wanted = read_query(query)
        minute = wanted.start // 60 + 3
        found: Measured = measured([(minute, "blue", (200, 200), 1.0)] * 120)
        return {"value": [{"timeseries": series(metric, samples(metric, found), wanted)}]}

    connected(monkeypatch, get)
    found = run("explain", "echo").stdout
    assert found.startswith("echo at 2 requests a minute")
    assert "their quota: not read: Azure lists no sizes in /subscriptions/s/providers/Mic" in found
    assert todays_traffic.requests_in({}) == 0
    now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    assert todays_traffic.query(now)["timespan"] == "2026-11-25T11:00:00Z/2026-11-25T12:00:00Z"


def test_traffic_that_cannot_be_read_may_be_said(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(stack: stacks.Stack) -> None:
        raise AzureError("not signed in")

    monkeypatch.setattr(stacks, "connect", refuse)
    refused = run("explain", "echo").exception
    assert isinstance(refused, InputError)
    assert "not signed in" in refused.message and "--requests-per-minute" in refused.remedy
