"""`scale:` of an endpoint or of one slot, and each mistake with its key."""

from pathlib import Path
from typing import Any

import pytest

from azml.stack.endpoint.autoscale import DAYS, Scale, Time
from tests.stack.settings.conftest import DEPLOYMENT, Findings, Read, endpoint, only

SCALE = "azml:endpoints.echo.scale"


@pytest.fixture
def uncounted(folder: Path) -> Path:
    """The deployment file without a number of instances."""
    file = folder / "scoring" / "echo" / "deployment.yml"
    file.write_text(DEPLOYMENT.replace("instance_count: 1\n", ""))
    return file


def scales(read: Read, **keys: Any) -> dict[str, Scale | None]:
    (served,) = read(endpoints=endpoint(**keys)).endpoints
    return {slot.name: slot.scale for slot in served.slots}


def test_no_scaling_unless_it_is_wanted(read: Read) -> None:
    assert scales(read) == {"blue": None}
    assert scales(read, scale=False) == {"blue": None}


def test_an_endpoints_scaling_is_that_of_every_slot_that_has_none_of_its_own(
    read: Read, uncounted: Path
) -> None:
    slots = {"blue": {}, "green": {"scale": {"min": 2, "max": 4, "latency": 200}}, "red": {"scale": False}}
    assert scales(read, deployments=slots, scale={"min": 1, "max": 3}) == {
        "blue": Scale(1, 3, cpu=70),
        "green": Scale(2, 4, latency=200),
        "red": None,
    }


def test_a_schedule_alone_needs_no_metric(read: Read, uncounted: Path) -> None:
    office = {"from": "08:00", "to": "18:30", "min": 3, "max": 10}
    wanted = {"min": 1, "max": 1, "schedule": {"office": office}}
    (scale,) = scales(read, scale=wanted).values()
    assert scale is not None
    assert (scale.by_load, scale.most) == (False, 10)
    assert scale.times == (Time("office", DAYS[:5], (8, 0), (18, 30), "UTC", 3, 10),)


def test_a_fixed_count_beside_it_in_the_stack_file_is_reported(findings: Findings) -> None:
    slots = {"blue": {"instance_count": 2, "scale": {"min": 1, "max": 3}}}
    finding = only(findings(endpoints=endpoint(deployments=slots)))
    assert finding.key == "azml:endpoints.echo.deployments.blue.instance_count"
    assert finding.message == "fixes the number of instances at 2, beside scale:"


def test_the_count_of_a_deployment_file_is_replaced_like_any_of_its_keys(read: Read) -> None:
    (served,) = read(endpoints=endpoint(scale={"min": 1, "max": 3})).endpoints
    assert [slot.spec.instance_count for slot in served.slots] == [None]


def test_more_instances_than_azure_allows_are_reported(findings: Findings) -> None:
    finding = only(findings(endpoints=endpoint(deployments={"blue": {"instance_count": 51}})))
    assert finding.key == "azml:endpoints.echo.deployments.blue.instance_count"
    assert finding.remedy == "Azure has at most 50"


def test_a_fixed_count_beside_target_utilization_is_reported(findings: Findings, folder: Path) -> None:
    scoring = folder / "scoring" / "echo"
    (scoring / "endpoint.yml").write_text("name: echo\nauth_mode: key\ncompute: azureml:cluster\n")
    scaled = "type: kubernetes\nscale_settings: {type: target_utilization, max_instances: 3}\n"
    (scoring / "deployment.yml").write_text(DEPLOYMENT + scaled)
    finding = only(findings())
    assert (finding.line, finding.key) == (7, "instance_count")


def test_kubernetes_scales_by_its_own_setting(findings: Findings, folder: Path) -> None:
    scoring = folder / "scoring" / "echo"
    (scoring / "endpoint.yml").write_text("name: echo\nauth_mode: key\ncompute: azureml:cluster\n")
    text = DEPLOYMENT.replace("instance_count: 1\n", "type: kubernetes\n")
    (scoring / "deployment.yml").write_text(text)
    finding = only(findings(endpoints=endpoint(scale={"min": 1, "max": 3})))
    assert (finding.key, finding.message) == (SCALE, "is for managed deployments")
    assert "target_utilization" in finding.remedy


OFFICE = {"from": "08:00", "to": "18:00", "min": 1, "max": 2}


@pytest.mark.parametrize(
    ("wanted", "key", "says"),
    [
        (5, "", "write a mapping, as {min: 1"),
        ({"max": 3}, ".min", "is missing"),
        ({"min": 1}, ".max", "is missing"),
        ({"min": 4, "max": 3}, ".min", "4 is more than max, 3; swap them"),
        ({"min": 0, "max": 3}, ".min", "0 is out of range; from 1 to 50"),
        ({"min": 1, "max": 51}, ".max", "51 is out of range; from 1 to 50: a deployment has at most 50"),
        ({"cpu": 101}, ".cpu", "101 is out of range; from 1 to 100"),
        ({"cpu": 30, "cpu_below": 40}, ".cpu_below", "40 is not below cpu, 30"),
        ({"minutes": 1}, ".minutes", "1 is out of range; from 5 to 720"),
        ({"cooldown": 0}, ".cooldown", "0 is out of range; from 1 to 10080"),
        ({"step": "2"}, ".step", "is a text ('2')"),
        ({"memory": 80}, ".memory", "is not a setting"),
        ({"schedule": []}, ".schedule", "write a mapping of names to times"),
        (
            {"schedule": {"a": {**OFFICE, "from": "8:00"}}},
            ".schedule.a.from",
            "is a text ('8:00'); write a time",
        ),
        ({"schedule": {"a": {**OFFICE, "from": 480}}}, ".schedule.a.from", "is a number (480)"),
        ({"schedule": {"a": {"to": "18:00", "min": 1, "max": 2}}}, ".schedule.a.from", "is missing"),
        ({"schedule": {"a": {**OFFICE, "to": "07:00"}}}, ".schedule.a.to", "is not later than from:"),
        ({"schedule": {"a": {**OFFICE, "min": 3}}}, ".schedule.a.min", "3 is more than max, 2"),
        ({"schedule": {"a": {**OFFICE, "days": ["Mon"]}}}, ".schedule.a.days[0]", "'Mon' is not a day"),
        (
            {"schedule": {"a": {**OFFICE, "time_zone": "Europe/Berlin"}}},
            ".schedule.a.time_zone",
            "'Europe/Berlin' is not a time zone of Windows",
        ),
        (
            {"schedule": {f"t{n}": OFFICE for n in range(10)}},
            ".schedule",
            "has 10 times; Azure takes at most 9",
        ),
    ],
)
def test_what_azure_would_refuse_is_refused(
    findings: Findings, uncounted: Path, wanted: object, key: str, says: str
) -> None:
    limits = {"min": 1, "max": 3} if isinstance(wanted, dict) and not {"min", "max"} & wanted.keys() else {}
    scale = {**limits, **wanted} if isinstance(wanted, dict) else wanted
    finding = only(findings(endpoints=endpoint(scale=scale)))
    assert finding.key == f"{SCALE}{key}"
    assert says in f"{finding.message}; {finding.remedy}"
