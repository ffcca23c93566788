"""Announced ends in the files of a stack: each told with its place, and refused where Azure refuses it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from azml.findings import InvalidInput
from azml.specs import DeploymentSpec
from azml.stack.account import Account
from azml.stack.checks import live_state
from azml.stack.checks.retiring import refused_size, retiring
from azml.stack.config.records import Settings
from azml.stack.facts import Fact, LiveState
from tests.stack.settings.conftest import endpoint, only

Read = Callable[..., Settings]
TODAY = date(2026, 11, 25)
DSV2_ENDED = date(2028, 5, 2)
INLINE = """\
name: blue
endpoint_name: echo
model: azureml:echo:1
code_configuration: {code: azureml:echo-code:1, scoring_script: score.py}
environment:
  image: mcr.microsoft.com/azureml/promptflow/promptflow-runtime:latest
  conda_file:
    dependencies:
      - python=3.11
      - conda-forge::promptflow=1.17
instance_type: Standard_D2as_v4
"""
OF_A_FILE = """\
name: blue
endpoint_name: echo
model: azureml:echo:1
code_configuration: {code: azureml:echo-code:1, scoring_script: score.py}
environment: {image: "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest", conda_file: conda.yml}
instance_type: Standard_D2as_v4
"""
CONDA = """\
dependencies:
  - python=3.11
  - pip
  - pip:
      - AzureML_Core==1.60.0
      - azureml-inference-server-http>=1.5.1
      # promptflow was here
"""


def specs(settings: Settings) -> list[DeploymentSpec]:
    (served,) = settings.endpoints
    return [slot.spec for slot in served.slots]


def test_a_size_is_told_where_it_is_written_and_once_for_two_slots(read: Read, folder: Path) -> None:
    found = retiring(specs(read(endpoints=endpoint(deployments={"blue": {}, "green": {}}))), TODAY)
    (finding,) = found
    file = folder / "scoring/echo/deployment.yml"
    assert (finding.file, finding.line, finding.key) == (file, 6, "instance_type")
    text = "instance_type: Standard_DS2_v2: Azure retires the Dsv2 series on 2028-05-01; choose a size"
    assert str(finding).startswith(f"{file}:6: {text}")
    assert "retired-sizes-list, as of 2026-04-15)" in str(finding)


def test_an_override_is_told_where_the_stack_has_it(read: Read, folder: Path) -> None:
    text = """\
config:
  azml:workspace: {resourceGroup: rg-azml-dev, name: mlw-azml-dev}
  azml:endpoints:
    echo:
      deployments:
        blue:
          instance_type: Standard_F4s_v2
        green:
          instance_type: Standard_D4as_v4
"""
    (finding,) = retiring(specs(read(text=text)), TODAY)
    place = (folder / "Pulumi.dev.yaml", 7, "azml:endpoints.echo.deployments.blue.instance_type")
    assert (finding.file, finding.line, finding.key) == place
    assert "2028-11-15" in finding.message


def test_an_instance_type_of_a_cluster_is_a_name_like_any(read: Read, folder: Path) -> None:
    file = folder / "scoring/echo/deployment.yml"
    file.write_text(file.read_text() + "type: kubernetes\n")
    (folder / "scoring/echo/endpoint.yml").write_text("name: echo\ncompute: azureml:cluster\n")
    assert retiring(specs(read()), DSV2_ENDED) == []
    (spec,) = specs(read())
    assert list(refused_size(spec, "", DSV2_ENDED)) == []


def test_packages_and_images_that_end_are_told_with_their_lines(read: Read, folder: Path) -> None:
    (folder / "scoring/echo/deployment.yml").write_text(INLINE)
    image, package = retiring(specs(read()), TODAY)
    assert (image.line, image.key) == (6, "environment.image")
    assert "Azure retires prompt flow on 2027-04-20" in image.message
    assert (package.line, package.key) == (10, "environment.conda_file.dependencies[1]")
    assert package.message.startswith("promptflow: ")

    (folder / "scoring/echo/deployment.yml").write_text(OF_A_FILE)
    (folder / "scoring/echo/conda.yml").write_text(CONDA)
    finding = only(tuple(retiring(specs(read()), TODAY)))
    assert (finding.file, finding.line) == (folder / "scoring/echo/conda.yml", 5)
    assert finding.message == "AzureML_Core: Azure retired SDK v1 of Azure Machine Learning on 2026-06-30"


def test_what_names_nothing_that_ends_is_left_alone(read: Read, folder: Path) -> None:
    (folder / "scoring/echo/deployment.yml").write_text(OF_A_FILE)
    (folder / "scoring/echo/conda.yml").write_text(CONDA.replace("AzureML_Core==1.60.0", "numpy==2.4.0"))
    assert retiring(specs(read()), date(2040, 1, 1)) == []


def test_a_size_is_refused_to_what_has_to_be_made_and_not_to_what_has_it(read: Read) -> None:
    """So that a deployment of a size that stays can be made beside the one that has to go."""
    (spec,) = specs(read())
    assert list(refused_size(spec, "", TODAY)) == []
    assert list(refused_size(spec, "standard_ds2_V2", DSV2_ENDED)) == []
    for now in ("", "Standard_D2as_v4"):
        (finding,) = refused_size(spec, now, DSV2_ENDED)
        assert "on 2028-05-01, and makes no new ones" in finding.message
        assert finding.line == 6


@pytest.mark.parametrize(("now", "refused"), [(None, True), ("Standard_NC6s_v3", False)])
def test_a_preview_ends_where_azure_would_refuse_the_size(
    read: Read, monkeypatch: pytest.MonkeyPatch, now: str | None, refused: bool
) -> None:
    settings = read(
        endpoints=endpoint(deployments={"blue": {"instance_type": "Standard_NC6s_v3"}, "green": {}})
    )
    account = Account("s", "t", "o")
    own = account.workspace_id("rg-azml-dev", "mlw-azml-dev")
    blue = f"{own}/onlineEndpoints/echo/deployments/blue"
    fact = Fact("westeurope", "Succeeded", "None", (), {"instanceType": now})
    there = {blue: fact} if now else {}

    def answer(question: Any, options: Any) -> LiveState:
        return LiveState(there)

    monkeypatch.setattr(live_state, "ask_live_state", answer)
    if not refused:
        live_state.read_live_state(settings, account, None)  # type: ignore[arg-type]
        return
    with pytest.raises(InvalidInput) as raised:
        live_state.read_live_state(settings, account, None)  # type: ignore[arg-type]
    finding = only(raised.value.findings)
    assert finding.key == "azml:endpoints.echo.deployments.blue.instance_type"
    assert "Azure retired the NCv3 series on 2025-09-30, and makes no new ones" in finding.message
