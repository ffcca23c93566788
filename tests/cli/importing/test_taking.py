"""What becomes of an endpoint: files that deploy what Azure has, or every reason why there can be none."""

from pathlib import Path
from typing import Any, cast

import pytest

from azml.azure.container import NO_ROLE
from azml.azure.errors import AzureError
from azml.bundling import HashCache, bundle
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.importing.autoscaled import targets
from azml.cli.importing.downloads import Downloads
from azml.cli.importing.taking import Left, Taken, Taker
from azml.served import digest_of_body
from azml.specs import AssetReference, Identity, LocalModel, load_deployment, load_endpoint
from tests.cli.importing.azure import PINNED, WS, Kept, deployment, endpoint


def taken(
    folder: Path,
    one: OnlineEndpoint,
    store: Kept | None = None,
    plain: tuple[str, ...] = (),
    scaled: frozenset[str] = frozenset(),
) -> Taken | Left:
    """What becomes of an endpoint, with its files below `folder`."""
    downloads = Downloads(cast(Any, store or Kept()))
    taker = Taker(downloads, HashCache(folder / "hashes"), lambda text: None, plain, scaled)
    return taker.take(one, folder / "0")


def test_the_files_deploy_what_azure_has_by_version_and_by_content(tmp_path: Path) -> None:
    found = taken(tmp_path, endpoint(deployment(), deployment("green")))
    assert isinstance(found, Taken)
    assert not found.unfetched
    own = load_endpoint(found.folder / "endpoint.yml")
    assert (own.name, own.auth_mode, own.tags, own.identity) == ("price", "key", {"team": "pricing"}, None)
    spec = load_deployment(found.folder / found.files["blue"])
    assert spec.instance_count == 2
    assert spec.environment_variables == {"WORKERS": "2"}
    assert spec.request_settings is None, "Azure's defaults stay Azure's"
    serves = bundle(spec, endpoint="price", cache=HashCache(tmp_path / "hashes")).serves
    assert serves == digest_of_body({"properties": PINNED}), "the live-slot guard sees no change"
    working = load_deployment(found.folder / "blue-deployment.yml")
    assert isinstance(working.model, LocalModel)
    assert working.model.path == found.folder / "model" / "m" / "1" / "w.bin"
    assert working.model.path.read_bytes() == b"weights"
    bundle(working, endpoint="price", cache=HashCache(tmp_path / "hashes"))


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (endpoint(name="../../etc"), "its name '../../etc' cannot be"),
        (endpoint(name="Price"), "its name 'Price' cannot be"),
        (endpoint(deployment("..")), "the name '..' cannot be that of a slot"),
        (endpoint(deployment("blue\x1b[2J")), r"the name 'blue\\x1b\[2J' cannot be"),
        (endpoint(state="Updating"), "its state is Updating"),
        (endpoint(authMode="Other"), "authMode is 'Other'"),
        (endpoint(somethingNew={"a": 1}), "property 'somethingNew', which endpoint files cannot express"),
        (endpoint(identity={"type": "SystemAssigned, UserAssigned"}), "its identity is"),
        (
            endpoint(identity={"type": "UserAssigned", "userAssignedIdentities": {"/a": {}, "/b": {}}}),
            "2 user-assigned identities",
        ),
        (endpoint(traffic={"gone": 100}), r"traffic\.gone does not name a deployment"),
        (endpoint(deployment(state="Failed")), "blue: its state is Failed"),
        (endpoint(deployment(privateNetworkConnection=True)), "property 'privateNetworkConnection'"),
        (endpoint(deployment(model="https://a.blob/x")), "is not a registered version"),
        (endpoint(deployment(environmentVariables={"DB_PASSWORD": "hunter2"})), "looks like a secret"),
        (
            endpoint(
                deployment(
                    dataCollector={"collections": {"a": {"samplingRate": 0.5}, "b": {"samplingRate": 1}}}
                )
            ),
            "different sampling rates",
        ),
    ],
)
def test_what_files_cannot_say_is_a_reason_and_writes_nothing(
    tmp_path: Path, one: OnlineEndpoint, reason: str
) -> None:
    found = taken(tmp_path, one)
    assert isinstance(found, Left)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError("\n".join(found.reasons))
    assert "hunter2" not in "\n".join(found.reasons)
    assert not (tmp_path / "0").exists()


def test_all_reasons_are_told_at_once(tmp_path: Path) -> None:
    one = endpoint(deployment(state="Failed"), deployment("green", model="x"), authMode="Other")
    found = taken(tmp_path, one)
    assert isinstance(found, Left)
    assert len(found.reasons) == 3


def test_a_variable_that_is_no_secret_is_written(tmp_path: Path) -> None:
    one = endpoint(deployment(environmentVariables={"PAGE_TOKEN": "x"}))
    assert isinstance(taken(tmp_path, one), Left)
    assert isinstance(taken(tmp_path, one, plain=("PAGE_TOKEN",)), Taken)


def test_identities_and_private_access_are_said(tmp_path: Path) -> None:
    users = {"type": "UserAssigned", "userAssignedIdentities": {"/subscriptions/s/x": {"principalId": "p"}}}
    found = taken(tmp_path, endpoint(identity=users, publicNetworkAccess="Disabled", description="prices"))
    assert isinstance(found, Taken)
    own = load_endpoint(found.folder / "endpoint.yml")
    assert own.identity == Identity("user_assigned", ("/subscriptions/s/x",))
    assert (own.public_network_access, own.description) == ("disabled", "prices")


def test_a_kubernetes_endpoint_names_its_cluster(tmp_path: Path) -> None:
    on = f"{WS.id}/computes/aks"
    scale = {"scaleType": "TargetUtilization", "minInstances": 2, "maxInstances": 5}
    live = deployment(endpointComputeType="Kubernetes", scaleSettings=scale)
    found = taken(tmp_path, endpoint(live, compute=on))
    assert isinstance(found, Taken), found
    assert load_endpoint(found.folder / "endpoint.yml").compute == "aks"
    spec = load_deployment(found.folder / found.files["blue"])
    assert (spec.kind, spec.instance_count) == ("kubernetes", None), "the cluster scales it"
    assert spec.scale_settings is not None
    assert spec.scale_settings.max_instances == 5


@pytest.mark.parametrize(
    ("store", "reason"),
    [
        (Kept({"model": {"up/1/../../x": b"", "up/1/w": b"w"}}, {"model": "up/1"}), "would not be a file"),
        (Kept({"model": {"..": b"w"}}, {"model": ".."}), "would not be a file"),
        (Kept({"model": {}}, {"model": "up/1"}), "has no files in the storage any more"),
        (Kept(versions={}), "no longer has model m:1"),
        (Kept(versions={"model": {"modelType": "preview_model"}}), "type 'preview_model'"),
        (
            Kept(refusal=AzureError("x", status=403, code=NO_ROLE)),
            "needs the role 'Storage Blob Data Reader'",
        ),
    ],
)
def test_files_that_cannot_be_had_do_not_stop_the_endpoint(tmp_path: Path, store: Kept, reason: str) -> None:
    found = taken(tmp_path, endpoint(), store)
    assert isinstance(found, Taken)
    assert reason in found.unfetched["blue"]
    assert not (found.folder / "blue-deployment.yml").exists()
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and path.name in ("x", "w")]
    assert not outside


def test_versions_whose_names_differ_in_case_alone_do_not_share_a_folder(tmp_path: Path) -> None:
    green = deployment("green", model=f"{WS.id}/models/M/versions/1")
    found = taken(tmp_path, endpoint(deployment(), green))
    assert isinstance(found, Taken)
    assert found.unfetched == {
        "green": "model/M/1 and model/m/1 would be one folder where case does not matter"
    }


def test_a_version_that_may_not_be_read_is_a_note(tmp_path: Path) -> None:
    class Forbidden(Kept):
        def find(self, kind: str, asset: AssetReference) -> None:
            raise AzureError("AuthorizationFailed", status=403)

    found = taken(tmp_path, endpoint(), Forbidden())
    assert isinstance(found, Taken)
    assert "model m:1 cannot be read: AuthorizationFailed" in found.unfetched["blue"]


def test_storage_that_refuses_is_asked_once(tmp_path: Path) -> None:
    store = Kept(refusal=AzureError("nothing answers"))
    found = taken(tmp_path, endpoint(deployment(), deployment("green")), store)
    assert isinstance(found, Taken)
    assert store.looks == 1
    assert "nothing answers" in found.unfetched["green"]


def test_a_number_of_instances_that_azure_monitor_decides_is_not_declared(tmp_path: Path) -> None:
    settings: list[dict[str, object]] = [
        {"targetResourceUri": f"{WS.id}/onlineEndpoints/price/deployments/{slot}"}
        for slot in ("blue", "green")
    ]
    settings[1]["enabled"] = False
    scaled = targets({"properties": one} for one in settings)
    found = taken(tmp_path, endpoint(deployment(), deployment("green")), scaled=scaled)
    assert isinstance(found, Taken), found
    counts = [load_deployment(found.folder / file).instance_count for file in found.files.values()]
    assert counts == [None, 2]


def test_registries_and_images_that_only_azure_has_are_notes(tmp_path: Path) -> None:
    model = "azureml://registries/azureml/models/llm/versions/3"
    found = taken(tmp_path, endpoint(deployment(model=model)))
    assert isinstance(found, Taken), found
    assert "model llm is in the registry azureml" in found.unfetched["blue"]
    curated = taken(
        tmp_path / "c", endpoint(deployment(environmentId=model.replace("models", "environments")))
    )
    assert isinstance(curated, Taken)
    assert "environment llm is in the registry azureml" in curated.unfetched["blue"]
    versions = {"model": {}, "code": {}, "environment": {"build": {"contextUri": "x"}}}
    built = taken(tmp_path / "b", endpoint(), Kept(versions=versions))
    assert isinstance(built, Taken)
    assert "built from a Dockerfile" in built.unfetched["blue"]
