"""Promotion from one workspace to another, or through a registry: the same bytes under the same versions."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from azml.azure.arm import Arm
from azml.azure.settings import AzureSettings
from azml.bundling import HashCache
from azml.cli.clone import Clone
from azml.cli.commands import promote
from azml.cli.commands.promote import Pin, pinned, registry_of
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.failure import CommandError, InputError
from azml.cli.stacks import stacks
from azml.cli.stacks.stacks import Connection, Stack, WorkspaceName
from azml.emulator.base.identity import CLIENT, SUBSCRIPTION, TENANT
from azml.emulator.control.storage.roles import BLOB_CONTRIBUTOR
from azml.findings import InvalidInput
from azml.specs import AssetReference, DeploymentSpec, load_deployment
from azml.stack.stack_file import StackEndpoint
from tests.fixtures.control_plane import (
    ACCOUNT,
    STANDS_ON,
    WORKSPACE,
    ControlPlane,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
    grant,
    started,
)
from tests.fixtures.registry import REGISTRY, build_registry

WS = WorkspaceName(SUBSCRIPTION, "rg", "ws2")
SECOND_ACCOUNT = ACCOUNT.replace("account1", "account2")
ENDPOINT = f"{WORKSPACE}/onlineEndpoints/price-dev"
STACK = """\
config:
  azml:workspace: {{resourceGroup: rg, name: {workspace}}}
  azml:endpoints:
    price:
      name: price-{stack} # one a region
      deployments:
        blue: {{file: deployment.yml, instance_count: {count}}} # with users
        green: {{file: deployment.yml}}
"""


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with two workspaces, of which the first has an endpoint that serves, and a registry."""
    with started(tmp_path_factory.mktemp("azure") / "emulator") as azure:
        build_workspace(azure)
        build_assets(azure)
        body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        azure.done(azure.arm("PUT", SECOND_ACCOUNT, body))
        stands_on = {**STANDS_ON, "storageAccount": SECOND_ACCOUNT}
        azure.done(azure.arm("PUT", WS.id, {"location": "westeurope", "properties": stands_on}))
        grant(azure, BLOB_CONTRIBUTOR, scope=SECOND_ACCOUNT)
        azure.done(azure.arm("PUT", ENDPOINT, endpoint_body()))
        azure.done(azure.arm("PUT", f"{ENDPOINT}/deployments/blue", deployment_body()))
        azure.done(azure.arm("PUT", ENDPOINT, endpoint_body({"blue": 100})))
        build_registry(azure)
        yield azure


@pytest.fixture
def clone(azure: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A clone with a stack for each workspace, connected to them."""
    root = tmp_path / "clone"
    for stack, workspace, count in (("dev", "ws1", 1), ("prod", "ws2", 3)):
        root.mkdir(exist_ok=True)
        text = STACK.format(stack=stack, workspace=workspace, count=count)
        (root / f"Pulumi.{stack}.yaml").write_text(text)
    (root / "scoring" / "price").mkdir(parents=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(azure.folder / "ca.pem"))
    settings = AzureSettings(
        SUBSCRIPTION, TENANT, CLIENT, azure.identity.client_secret, metadata_host=azure.url
    )

    arm = Arm(settings)

    def connect(stack: Stack) -> Connection:
        return Connection(stack, stacks.workspace_of(stack, SUBSCRIPTION), arm, settings)

    monkeypatch.setattr(promote, "find_clone", lambda: Clone(root))
    monkeypatch.setattr(stacks, "connect", connect)
    yield root
    arm.http.close()


@pytest.mark.process
def test_the_same_bytes_get_the_same_versions_and_other_bytes_are_refused(
    azure: ControlPlane, clone: Path
) -> None:
    file = clone / "Pulumi.prod.yaml"
    before = file.read_text()
    _promote(print_only=True)
    assert file.read_text() == before
    assert azure.arm("GET", f"{WS.id}/models/m/versions/1").status == 404

    _promote()
    (frozen,) = (clone / "scoring" / "price" / "releases").iterdir()
    edited = f"blue: {{file: releases/{frozen.name}, instance_count: 3}} # with users"
    assert file.read_text() == before.replace(
        "blue: {file: deployment.yml, instance_count: 3} # with users", edited
    )
    spec = load_deployment(frozen, overrides={"name": "blue", "endpoint_name": "price-prod"})
    assert [spec.model, spec.code, spec.environment] == [AssetReference(name, "1") for name in "mce"]

    versions = ("models/m", "codes/c", "environments/e")
    one, other = ([_properties(azure, at, name) for name in versions] for at in (WORKSPACE, WS.id))
    assert other[2]["condaFile"] == one[2]["condaFile"]
    assert other[0]["modelUri"] == one[0]["modelUri"].replace("/ws1/", "/ws2/")
    assert "account2.blob" in other[1]["codeUri"]
    serves = _moved(deployment_body())
    azure.done(azure.arm("PUT", f"{WS.id}/onlineEndpoints/price-prod", endpoint_body()))
    azure.done(azure.arm("PUT", f"{WS.id}/onlineEndpoints/price-prod/deployments/blue", serves))

    after = file.read_text()
    _promote()
    assert file.read_text() == after, "what is there already is compared, and nothing changes"

    azure.upload(_container(azure, WORKSPACE), "models/1/model/weights.bin", b"others")
    with pytest.raises(CommandError, match=r"model m:1 in workspace ws2 has another content.*weights\.bin"):
        _promote()
    azure.done(azure.arm("DELETE", f"{WS.id}/models/m/versions/1"))
    with pytest.raises(CommandError, match="has another content"):
        _promote()
    assert azure.arm("GET", f"{WS.id}/models/m/versions/1").status == 404, "a wrong copy is not registered"
    with pytest.raises(InputError, match="the same workspace"):
        promote.promote("price", "dev", "dev")


@pytest.mark.process
def test_models_and_environments_come_through_the_registry_that_is_set(
    azure: ControlPlane, clone: Path
) -> None:
    with (clone / "Pulumi.prod.yaml").open("a") as file:
        file.write(f"  azml:promotion: {{registry: {REGISTRY}}}\n")
    _promote()
    (frozen,) = (clone / "scoring" / "price" / "releases").iterdir()
    spec = load_deployment(frozen, overrides={"name": "blue", "endpoint_name": "price-prod"})
    in_registry = "azureml://registries/shared/{}/versions/1"
    assert spec.model == AssetReference("m", "1", id=in_registry.format("models/m"))
    assert spec.environment == AssetReference("e", "1", id=in_registry.format("environments/e"))
    assert spec.code == AssetReference("c", "1"), "registries have no code for deployments"

    assert azure.arm("GET", f"{WS.id}/codes/c/versions/1").status == 200
    one, other = (_properties(azure, at, "environments/e") for at in (WORKSPACE, REGISTRY))
    assert other["condaFile"] == one["condaFile"]
    model = _properties(azure, REGISTRY, "models/m")
    assert model["modelType"] == "custom_model"
    assert model["modelUri"].endswith("/models/1/model"), "AZUREML_MODEL_DIR has its last element"

    after = (clone / "Pulumi.prod.yaml").read_text()
    _promote()
    assert (clone / "Pulumi.prod.yaml").read_text() == after, "what is there already is compared"
    azure.upload(_container(azure, WORKSPACE), "models/1/model/weights.bin", b"changed")
    with pytest.raises(CommandError, match=r"model m:1 in registry shared has another content.*weights\.bin"):
        _promote()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("\n    registry: shared", r"prod\.yaml:3: azml:promotion\.registry: 'shared' is not the ARM id"),
        (" {}", r"azml:promotion\.registry: is missing"),
        (" [shared]", r"prod\.yaml:2: azml:promotion: is a list"),
        (" {name: shared}", r"azml:promotion\.name: is not a setting"),
    ],
)
def test_a_faulty_registry_is_told_before_anything_is_read(
    tmp_path: Path, setting: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        registry_of(_without_azure(tmp_path, setting), DeploymentSpec("blue", "price"))


def test_versions_for_kubernetes_go_into_the_workspace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = _without_azure(tmp_path, f" {{registry: {REGISTRY}}}")
    assert registry_of(connection, DeploymentSpec("blue", "price", kind="kubernetes")) is None
    assert "cannot use the registry shared" in capsys.readouterr().err


def test_a_live_slot_is_pinned_to_what_it_serves_and_the_idle_one_is_filled(tmp_path: Path) -> None:
    spec = DeploymentSpec("blue", "price-dev", model=AssetReference("m", "2"))
    cache = HashCache(tmp_path / "hashes")
    declared = StackEndpoint("price", tmp_path, "price-prod", dict.fromkeys(("blue", "green")), {}, None)
    assert pinned(declared, None, spec, None, cache)[0].slot == "blue"
    held, filled = pinned(declared, _serving("1"), spec, None, cache)
    assert (held.slot, filled.slot) == ("blue", "green")
    assert "azureml:m:1" in held.text
    assert "azureml:m:2" in filled.text
    assert "endpoint_name: price-prod" in filled.text
    frozen = replace(declared, slots={"blue": held.file, "green": None})
    assert pinned(frozen, _serving("1"), spec, None, cache) == [Pin("green", filled.text)]
    assert [one.slot for one in pinned(declared, _serving("2"), spec, None, cache)] == ["blue"]
    assert pinned(frozen, _serving("2"), spec, None, cache) == [], "nothing is left to do"
    other = replace(frozen, overrides={"green": {"environment": "azureml:e:9", "instance_count": 2}})
    with pytest.raises(InputError, match=r"deployments\.green sets environment, which would replace"):
        pinned(other, _serving("1"), spec, None, cache)


def _without_azure(folder: Path, setting: str) -> Connection:
    """A stack with that setting; nothing can be asked of its Azure."""
    stack = Stack(Clone(folder), "prod")
    stack.path.write_text(f"config:\n  azml:promotion:{setting}\n")
    return Connection(stack, WS, cast(Arm, None), AzureSettings())


def _promote(*, print_only: bool = False) -> None:
    promote.promote("price", "dev", "prod", print_only=print_only)


def _serving(version: str) -> OnlineEndpoint:
    model = {"model": f"{WS.id}/models/m/versions/{version}"}
    blue = OnlineDeployment("blue", "Succeeded", "Standard_DS2_v2", 1, properties=model)
    return OnlineEndpoint(WS, "price-prod", "Succeeded", "Key", "", {"blue": 100}, {}, (blue,), {})


def _properties(azure: ControlPlane, workspace: str, name: str) -> dict[str, str]:
    found: dict[str, str] = azure.arm("GET", f"{workspace}/{name}/versions/1").body["properties"]
    return found


def _container(azure: ControlPlane, workspace: str) -> str:
    return f"azureml-blobstore-{azure.arm('GET', workspace).body['properties']['workspaceId']}"


def _moved(body: dict[str, object]) -> dict[str, object]:
    moved: dict[str, object] = json.loads(json.dumps(body).replace("/ws1/", "/ws2/"))
    return moved
