"""What the stack config may say of endpoints, their slots and shares, and what is told of the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azml.findings import Finding
from azml.stack.config.records import Settings
from tests.stack.settings.conftest import DEPLOYMENT, endpoint, only

Read = Callable[..., Settings]
Findings = Callable[..., tuple[Finding, ...]]


def test_an_unknown_key_of_an_endpoint_gets_the_likely_one(findings: Findings) -> None:
    finding = only(findings(endpoints=endpoint(trafic={"blue": 100})))
    assert (finding.key, finding.remedy) == ("azml:endpoints.echo.trafic", "did you mean 'traffic'?")


def test_slots_that_differ_in_case_only_are_refused(findings: Findings) -> None:
    finding = only(findings(endpoints=endpoint(deployments={"blue": {}, "Blue": {}})))
    assert finding.key == "azml:endpoints.echo.deployments.Blue"


@pytest.mark.parametrize(
    ("traffic", "key"),
    [
        ({"blue": 90}, "traffic"),
        ({"blue": 110}, "traffic.blue"),
        ({"blue": -100}, "traffic.blue"),
        ({"blue": 50, "red": 50}, "traffic.red"),
        ({"blue": 99.5}, "traffic.blue"),
        ({"blue": "90", "green": 10}, "traffic.blue"),
        ({"blue": True}, "traffic.blue"),
    ],
)
def test_shares_that_azure_would_refuse_are_refused(
    findings: Findings, traffic: dict[str, Any], key: str
) -> None:
    """One finding for each: a wrong share does not make the sum wrong too."""
    slots: dict[str, Any] = {"blue": {}, "green": {}}
    finding = only(findings(endpoints=endpoint(deployments=slots, traffic=traffic)))
    assert finding.key == f"azml:endpoints.echo.{key}"


@pytest.mark.parametrize(
    ("traffic", "mirror", "says"),
    [
        ({"blue": 100}, {"green": 51}, "is 51"),
        ({"blue": 90, "green": 10}, {"green": 10}, "has 10 % of the live traffic"),
        ({"blue": 100}, {"green": 10, "red": 10}, "names 2 deployments"),
    ],
)
def test_mirror_rules(findings: Findings, traffic: dict[str, int], mirror: dict[str, int], says: str) -> None:
    slots: dict[str, Any] = {"blue": {}, "green": {}, "red": {}}
    found = findings(endpoints=endpoint(deployments=slots, traffic=traffic, mirror_traffic=mirror))
    assert says in {finding.message for finding in found}


def test_an_endpoint_file_that_would_be_ignored_is_a_finding(findings: Findings, folder: Path) -> None:
    """Its settings, such as who may call the endpoint, would be dropped."""
    other = folder / "scoring/echo/online.yaml"
    other.write_text("name: echo\nauth_mode: aad_token\n")
    finding = only(findings())
    assert finding.file == other
    assert "(read: endpoint.yml)" in finding.message


def test_the_stack_file_names_an_endpoints_file(read: Read, findings: Findings, folder: Path) -> None:
    """Whoever names one has chosen: the others stay for other stacks."""
    (folder / "scoring/echo/online.yaml").write_text("name: echo\nauth_mode: aad_token\n")
    (served,) = read(endpoints=endpoint(file="online.yaml")).endpoints
    assert served.spec.auth_mode == "aad_token"
    finding = only(findings(endpoints=endpoint(file="onlin.yaml")))
    assert finding.key == "azml:endpoints.echo.file"
    assert finding.remedy == "the folder has deployment.yml, endpoint.yml, online.yaml"


def test_two_endpoints_of_one_folder_read_a_file_each(read: Read, folder: Path) -> None:
    for key in ("first", "second"):
        (folder / f"scoring/echo/{key}-endpoint.yml").write_text(f"name: {key}\nauth_mode: key\n")
    (folder / "scoring/echo/endpoint.yml").unlink()
    one: dict[str, Any] = {"path": "scoring/echo", "deployments": {"blue": {}}, "traffic": {"blue": 100}}
    both = read(endpoints={"first": one, "second": one}).endpoints
    assert [served.spec.name for served in both] == ["first", "second"]


def test_no_traffic_at_all_is_allowed(read: Read) -> None:
    (served,) = read(endpoints=endpoint(traffic={"blue": 0})).endpoints
    assert served.traffic == {}


@pytest.mark.parametrize(
    ("given", "traffic", "mirror"),
    [
        ({"traffic": None}, None, None),
        ({"traffic": {}}, {}, {}),
        ({"traffic": {"blue": 100}}, {"blue": 100}, {}),
        ({"traffic": None, "mirror_traffic": {"blue": 10}}, None, {"blue": 10}),
    ],
)
def test_shares_that_nobody_tells_are_not_declared(read: Read, given: Any, traffic: Any, mirror: Any) -> None:
    (served,) = read(endpoints=endpoint(**given)).endpoints
    assert (served.traffic, served.mirror_traffic) == (traffic, mirror)


def test_the_endpoint_file_decides_where_the_config_is_silent(read: Read, folder: Path) -> None:
    (folder / "scoring/echo/endpoint.yml").write_text("name: echo\ntraffic: {blue: 100}\n")
    (served,) = read(endpoints=endpoint(traffic=None)).endpoints
    assert served.traffic == {"blue": 100}


def test_a_fault_in_the_endpoint_files_traffic_names_that_file(findings: Findings, folder: Path) -> None:
    (folder / "scoring/echo/endpoint.yml").write_text("name: echo\ntraffic: {red: 100}\n")
    finding = only(findings(endpoints=endpoint(traffic=None)))
    assert (finding.file, finding.line) == (folder / "scoring/echo/endpoint.yml", 2)


def test_a_slot_reads_its_own_file_first_and_keys_override_it(read: Read, folder: Path) -> None:
    own = (folder / "scoring/echo/deployment.yml").read_text().replace("DS2_v2", "F4s_v2")
    (folder / "scoring/echo/green.yml").write_text(own)
    slots: dict[str, Any] = {"blue": {"instance_count": 3}, "green": {}}
    (served,) = read(endpoints=endpoint(deployments=slots)).endpoints
    blue, green = served.slots
    assert (blue.spec.instance_type, blue.spec.instance_count) == ("Standard_DS2_v2", 3)
    assert (green.spec.instance_type, green.spec.name) == ("Standard_F4s_v2", "green")


def test_a_missing_slot_file_lists_those_that_are_there(findings: Findings) -> None:
    finding = only(findings(endpoints=endpoint(deployments={"blue": {"file": "bleu.yml"}})))
    assert finding.key == "azml:endpoints.echo.deployments.blue.file"
    assert finding.remedy == "the folder has deployment.yml, endpoint.yml"


def test_a_wrong_override_names_the_stack_config(findings: Findings) -> None:
    finding = only(findings(endpoints=endpoint(deployments={"blue": {"instance_counts": 3}})))
    assert "azml:endpoints.echo.deployments.blue" in str(finding)
    assert "instance_count" in str(finding)


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ("azureml:echo:1", "azureml:echo@latest", 3, "model"),
        ("azureml:echo-code:1", "azureml:echo-code", 4, "code_configuration.code"),
        (
            "azureml:echo-environment:1",
            "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
            5,
            "environment",
        ),
    ],
)
def test_a_label_that_moves_is_refused(
    findings: Findings, folder: Path, old: str, new: str, line: int, key: str
) -> None:
    path = folder / "scoring/echo/deployment.yml"
    path.write_text(path.read_text().replace(old, new))
    finding = only(findings())
    assert (finding.file, finding.line, finding.key) == (path, line, key)
    assert "has no version" in finding.message


def test_a_folder_anywhere(read: Read, folder: Path) -> None:
    (folder / "scoring/echo").rename(folder / "elsewhere")
    (served,) = read(endpoints=endpoint(path=str(folder / "elsewhere"))).endpoints
    assert served.spec.name == "echo"


def test_a_data_asset_that_would_have_to_be_made_is_refused(findings: Findings, folder: Path) -> None:
    """Without it the data would go to the default place, and not where the file says."""
    path = folder / "scoring/echo/deployment.yml"
    data = "{path: azureml://datastores/d/paths/p}"
    path.write_text(
        f"{DEPLOYMENT}data_collector: {{collections: {{request: {{enabled: 'true', data: {data}}}}}}}\n"
    )
    finding = only(findings())
    assert finding.line == 8
    assert finding.key == "data_collector.collections.request.data.path"


@pytest.fixture
def versioned(folder: Path) -> Path:
    """Two slots, each with a model of its own, called the same in both files."""
    for slot in ("blue", "green"):
        (folder / f"scoring/echo/{slot}.txt").write_text(slot)
        text = (folder / "scoring/echo/deployment.yml").read_text()
        model = f"model: {{path: {slot}.txt, name: echo, version: 1}}"
        (folder / f"scoring/echo/{slot}.yml").write_text(text.replace("model: azureml:echo:1", model))
    return folder / "scoring/echo"


def test_one_version_for_two_models_is_refused(findings: Findings, versioned: Path) -> None:
    """Whichever came first would serve in both slots."""
    finding = only(findings(endpoints=endpoint(deployments={"blue": {}, "green": {}})))
    assert (finding.file, finding.line, finding.key) == (versioned / "green.yml", 3, "model.version")
    assert finding.message == "echo:1 is another model in blue of echo"


def test_one_version_for_one_model_in_two_slots_is_fine(read: Read, versioned: Path) -> None:
    slots: dict[str, Any] = {"blue": {}, "green": {"file": "blue.yml"}}
    assert len(read(endpoints=endpoint(deployments=slots)).endpoints[0].slots) == 2


BAD_NAMES = ("ab", "1abc", "a--b", "abc-", "a_b", "a" * 33, "Echo")


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_of_an_endpoint_is_told_once(findings: Findings, name: str) -> None:
    """However many deployments the endpoint has."""
    slots: dict[str, Any] = {"blue": {}, "green": {}}
    finding = only(findings(endpoints=endpoint(name=name, deployments=slots)))
    assert finding.message == f"{name!r} is refused by Azure"
    assert finding.key == "azml:endpoints.echo.name"


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_of_a_slot_is_told_once(findings: Findings, name: str) -> None:
    """Upper case too: a share of `blue` would neither reach nor guard a slot called `Blue`."""
    finding = only(findings(endpoints=endpoint(deployments={name: {}}, traffic={name: 100})))
    assert (finding.message, finding.key) == (
        f"{name!r} is refused by Azure",
        f"azml:endpoints.echo.deployments.{name}",
    )


def test_a_bad_name_in_the_endpoint_file_is_told_once(findings: Findings, folder: Path) -> None:
    (folder / "scoring/echo/endpoint.yml").write_text("name: e\n")
    finding = only(findings(endpoints=endpoint(deployments={"blue": {}, "green": {}})))
    assert (finding.file, finding.line) == (folder / "scoring/echo/endpoint.yml", 1)


def test_a_key_that_names_no_endpoint_needs_another_name(
    findings: Findings, read: Read, folder: Path
) -> None:
    """`my_echo` is fine as a folder and for models, not as an endpoint, unless that has a name."""
    (folder / "scoring/echo").rename(folder / "scoring/my_echo")
    own: dict[str, Any] = {"deployments": {"blue": {}, "green": {}}}
    assert read(endpoints={"my_echo": own}).endpoints[0].spec.name == "echo"
    file = folder / "scoring/my_echo/endpoint.yml"
    file.write_text("name: echo\nauth_mode: nokey\n")
    assert only(findings(endpoints={"my_echo": own})).key == "auth_mode"
    file.unlink()
    assert only(findings(endpoints={"my_echo": own})).key == "azml:endpoints.my_echo"
    assert read(endpoints={"my_echo": {**own, "name": "echo"}}).endpoints[0].spec.name == "echo"


def test_a_key_that_cannot_name_models_is_refused(findings: Findings, folder: Path) -> None:
    """Azure would refuse the model `my echo-blue` in the middle of the first update."""
    (folder / "scoring/echo").rename(folder / "scoring/my echo")
    own = {"name": "echo", "deployments": {"blue": {}, "green": {}}}
    assert only(findings(endpoints={"my echo": own})).key == "azml:endpoints.my echo"


def test_a_fault_in_a_file_two_slots_share_is_told_once(findings: Findings, folder: Path) -> None:
    path = folder / "scoring/echo/deployment.yml"
    path.write_text(path.read_text().replace("instance_count: 1", "instance_count: many"))
    finding = only(findings(endpoints=endpoint(deployments={"blue": {}, "green": {}})))
    assert (finding.file, finding.key) == (path, "instance_count")


def test_a_wrong_key_laid_over_a_file_is_found_where_it_is_written(findings: Findings, folder: Path) -> None:
    """What the deployment file's reader finds, and what bundling finds later."""
    text = """\
config:
  azml:workspace: {resourceGroup: rg, name: mlw}
  azml:endpoints:
    echo:
      deployments:
        blue:
          instance_counts: 3
        green:
          model:
            path: nowhere
"""
    model = folder / "scoring/echo/deployment.yml"
    model.write_text(model.read_text().replace("model: azureml:echo:1\n", ""))
    first, second = findings(text=text)
    own = "azml:endpoints.echo.deployments"
    stack = folder / "Pulumi.dev.yaml"
    assert (first.file, first.line, first.key) == (stack, 7, f"{own}.blue.instance_counts")
    assert (second.file, second.line, second.key) == (stack, 10, f"{own}.green.model.path")


def test_two_endpoints_of_one_name_are_refused(findings: Findings, folder: Path) -> None:
    twin = {"path": "scoring/echo", "deployments": {"blue": {}}}
    finding = only(findings(endpoints={**endpoint(), "twin": twin}))
    assert finding.message == "two endpoints are called 'echo'"


@pytest.mark.parametrize("value", [False, 0, "", []])
def test_what_is_no_mapping_is_told_even_if_it_is_empty(findings: Findings, value: object) -> None:
    slots = findings(endpoints={"echo": {"deployments": {"blue": value}}})
    assert only(slots).key == "azml:endpoints.echo.deployments.blue"
    assert only(findings(endpoints={"echo": {"deployments": value}})).key == "azml:endpoints.echo.deployments"
    assert only(findings(endpoints={"echo": value})).key == "azml:endpoints.echo"


@pytest.mark.parametrize(("text", "allowed"), [("echo", True), (" echo ,", True), ("", False)])
def test_the_shell_may_give_leave_for_one_run(
    read: Read, monkeypatch: pytest.MonkeyPatch, text: str, allowed: bool
) -> None:
    monkeypatch.setenv("AZML_ALLOW_LIVE_CHANGE", text)
    assert read().endpoints[0].allow_live_change is allowed


def test_leave_for_an_endpoint_that_is_not_there_is_a_finding(
    findings: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZML_ALLOW_LIVE_CHANGE", "ecko")
    assert only(findings()).remedy == "did you mean 'echo'?"
