"""Promotion from one workspace to another: the same bytes under the same versions, or nothing at all."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from azml.azure.arm import Arm
from azml.azure.settings import AzureSettings
from azml.bundling import HashCache
from azml.cli.clone import Clone
from azml.cli.commands import promote
from azml.cli.commands.promote import Pin, pinned
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.failure import CommandError, InputError
from azml.cli.stacks import stacks
from azml.cli.stacks.stacks import Connection, Stack, WorkspaceName
from azml.emulator.base.identity import CLIENT, SUBSCRIPTION, TENANT
from azml.emulator.control.storage.roles import BLOB_CONTRIBUTOR
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


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane with two workspaces, of which the first has an endpoint that serves."""
    with started(tmp_path / "azure") as azure:
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
