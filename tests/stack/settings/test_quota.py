"""What a preview says of quota: stopped where Azure cannot hold the stack, warned where it may refuse."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from azml import program
from azml.azure.quotas import Limit, Size
from azml.findings import InvalidInput
from azml.stack.account import Account
from azml.stack.checks import live_state
from azml.stack.checks import quota as quotas
from azml.stack.checks.live_state import read_live_state
from azml.stack.checks.quota import doubted_by_quota, needs, refused_by_quota
from azml.stack.config.records import Settings
from azml.stack.facts import Fact, LiveState, Quota
from tests.stack.settings.conftest import endpoint, only

Read = Callable[..., Settings]
OWN = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/mlw"
DSV2 = Size("dsv2", 2, True)
DASV4 = Size("dasv4", 4, True)
SIZES = {"standard_ds2_v2": DSV2, "standard_d4as_v4": DASV4, "standard_ds1_v2": replace(DSV2, online=False)}
SLOTS: dict[str, Any] = {"blue": {"instance_count": 3}, "green": {"instance_count": 2}}
"""Ten vCPUs, and with what Azure reserves 2 x (4 + 3) = 14."""


def live(count: int, size: str = "Standard_DS2_v2", state: str = "Succeeded") -> Fact:
    return Fact("westeurope", state, "None", (), {"instanceType": size}, capacity=count)


def told(
    settings: Settings, used: int, limit: int, family: str = "dsv2", **now: Fact
) -> tuple[list[str], list[str]]:
    """What stops the stack, and what is warned of, with a limit in the region."""
    found = {f"{OWN}/onlineEndpoints/echo/deployments/{slot}": fact for slot, fact in now.items()}
    wanted = needs(settings, OWN, LiveState(found))
    quota = Quota("westeurope", SIZES, (Limit("DSv2", family, used, limit),))
    return [*map(str, refused_by_quota(wanted, quota))], [*map(str, doubted_by_quota(wanted, quota))]


@pytest.mark.parametrize(("limit", "stopped", "warned"), [(14, 0, 0), (13, 0, 1), (10, 0, 1), (9, 1, 0)])
def test_both_slots_count_and_the_fifth_that_azure_reserves_is_a_warning(
    read: Read, limit: int, stopped: int, warned: int
) -> None:
    settings = read(endpoints=endpoint(deployments=SLOTS))
    for family in ("dsv2", ""):
        refused, doubted = told(settings, 0, limit, family)
        assert (len(refused), len(doubted)) == (stopped, warned)
    assert list(map(len, told(settings, 5, limit + 5))) == [stopped, warned], "others have five"
    assert told(settings, 0, 0, "dasv4") == ([], [])


def test_the_numbers_and_what_would_be_right_are_said(read: Read, folder: Path) -> None:
    settings = read(endpoints=endpoint(deployments=SLOTS))
    (refused,), _ = told(settings, 6, 12)
    assert refused == (
        f"{folder}/scoring/echo/deployment.yml:6: instance_type: needs more than the quota in westeurope: "
        "10 vCPUs of 'DSv2' (echo/blue 3 x 2, echo/green 2 x 2), and 6 are left of 12; use fewer or smaller "
        "instances, or ask for a limit of 16 in Azure Machine Learning studio, under Quota"
    )
    _, (doubted,) = told(settings, 6, 18)
    assert (
        "may need more than the quota in westeurope, with the fifth that Azure reserves: 14 vCPUs" in doubted
    )
    assert "12 are left of 18; " in doubted
    assert "a limit of 20 " in doubted


def test_what_the_stack_has_already_is_its_own(read: Read) -> None:
    """Eight of the vCPUs in use are blue's; a failed deployment has none, one of another size other ones."""
    settings = read(endpoints=endpoint(deployments=SLOTS))
    assert told(settings, 10, 16, blue=live(3)) == ([], [])
    assert told(settings, 10, 16, blue=live(3, state="Failed"))[0]
    assert told(settings, 10, 16, blue=live(3, "Standard_D4as_v4"))[0]
    assert told(settings, 8, 1, blue=live(3), green=live(2)) == ([], []), "nothing grows"
    assert told(settings, 8, 1, blue=live(2), green=live(2))[0], "one more instance"


def test_autoscaling_begins_with_its_minimum_and_is_warned_of_its_maximum(read: Read) -> None:
    scaled = endpoint(deployments={"blue": {"scale": {"min": 2, "max": 10, "cpu": 70}}})
    settings = read(endpoints=scaled)
    assert told(settings, 0, 24) == ([], [])
    refused, (doubted,) = told(settings, 0, 23)
    assert not refused
    assert "cannot scale to its maximum within the quota in westeurope: 24 vCPUs" in doubted
    assert "echo/blue 10 x 2" in doubted
    assert told(settings, 0, 3)[0], "the minimum alone is too much"
    assert told(settings, 6, 1, blue=live(1)) == ([], []), "how many there are is autoscaling's affair"
    scaled["echo"]["deployments"]["green"] = {}
    settings = read(endpoints=scaled)
    assert not told(settings, 20, 22, blue=live(8))[0], "blue keeps its eight, and green is one"
    assert told(settings, 24, 21, blue=live(8))[0]
    assert "echo/blue 8 x 2, echo/green 1 x 2" in told(settings, 20, 17, blue=live(8))[0][0]


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ("Standard_DS9_v2", "westeurope does not list this size;"),
        ("Standard_DS1_v2", "westeurope does not list this size for online endpoints;"),
    ],
)
def test_a_size_that_the_region_does_not_list_is_a_warning(read: Read, size: str, says: str) -> None:
    settings = read(endpoints=endpoint(deployments={"blue": {"instance_type": size}}))
    refused, (doubted,) = told(settings, 0, 100)
    assert not refused
    assert f"{size}: {says}" in doubted
    assert "azml:endpoints.echo.deployments.blue.instance_type: " in doubted
    assert told(settings, 0, 100, blue=live(1, size)) == ([], []), "what exists was not refused"


def test_kubernetes_has_no_sizes(read: Read, folder: Path) -> None:
    text = (folder / "scoring/echo/deployment.yml").read_text()
    (folder / "scoring/echo/deployment.yml").write_text(f"{text}type: kubernetes\n")
    (folder / "scoring/echo/endpoint.yml").write_text("name: echo\nauth_mode: key\ncompute: azureml:aks\n")
    assert needs(read(), OWN, LiveState()) == []


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The questions about quota, which is answered as the engine does it: every number is a float."""
    questions: list[Any] = []

    def answer(function: str, arguments: Any, options: Any) -> Any:
        questions.append((function, arguments))
        limit = {"name": "DSv2", "family": "dsv2", "used": 0.0, "limit": 1.0}
        return {
            "sizes": {"standard_ds2_v2": {"family": "dsv2", "vcpus": 2.0, "online": True}},
            "limits": [limit],
        }

    monkeypatch.setattr(quotas, "ask", answer)
    return questions


def test_azure_is_asked_once_and_only_for_a_stack_that_grows(
    read: Read, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read(endpoints=endpoint(deployments=SLOTS))
    own = OWN.replace("/rg/", "/rg-azml-dev/").replace("workspaces/mlw", "workspaces/mlw-azml-dev")
    there = {own: Fact("West Europe", "Succeeded", "None", (), {})}
    monkeypatch.setattr(live_state, "ask_live_state", lambda *question: LiveState(there))
    with pytest.raises(InvalidInput) as raised:
        read_live_state(settings, Account("s", "t", "o"), None)  # type: ignore[arg-type]
    assert "needs more than the quota in West Europe: 10 vCPUs" in str(only(raised.value.findings))
    question = {"subscription": "s", "location": "West Europe", "sizes": ["standard_ds2_v2"]}
    assert asked == [("quota", question)]
    place = f"{own}/onlineEndpoints/echo"
    there |= {f"{place}/deployments/blue": live(3), f"{place}/deployments/green": live(2)}
    assert read_live_state(settings, Account("s", "t", "o"), None).quota is None  # type: ignore[arg-type]
    assert len(asked) == 1


def test_what_could_not_be_asked_is_one_plain_line(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, account = read(endpoints=endpoint(deployments=SLOTS)), Account("s", "t", "o")
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", said.append)
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    program.tell_quota(settings, account, LiveState(quota=Quota("westeurope", {}, (), "Forbidden")))
    assert said == ["the quota in westeurope was not compared with the stack: Forbidden"]
    program.tell_quota(settings, account, LiveState())
    program.tell_quota(settings, account, LiveState(quota=Quota("westeurope", SIZES, ())))
    assert len(said) == 1
    program.tell_quota(settings, account, LiveState(quota=Quota("westeurope", {}, ())))
    assert "does not list this size" in said[1]
