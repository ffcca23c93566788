"""What changed between two deployments is read from their assets, and no secret or token goes anywhere."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest

from azml.azure.errors import AzureError
from azml.azure.http import Response
from azml.cli.endpoints import endpoints
from azml.cli.rollouts import versions
from azml.rollout.report.records import Change
from tests.cli.rollouts.azure import ENDPOINT, HERE, WORKSPACE, Wire, connection, endpoint

ACCOUNT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/stmine"
STORE = f"{WORKSPACE.id}/datastores/workspaceblobstore"
SHORT = f"azureml://subscriptions/s/resourcegroups/rg/workspaces/{WORKSPACE.name}"
CONDA = "dependencies: [python=3.11, {pip: [numpy==VERSION]}]"


def asset(kind: str, version: int) -> str:
    return f"{WORKSPACE.id}/{kind}/echo/versions/{version}"


def body(version: int, variables: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": SLOTS[version],
        "sku": {"capacity": 1},
        "properties": {
            "instanceType": f"Standard_D{version}",
            "codeConfiguration": {"codeId": asset("codes", version), "scoringScript": "score.py"},
            "model": asset("models", version),
            "environmentId": asset("environments", version),
            "environmentVariables": dict(variables),
        },
    }


@pytest.fixture
def wire() -> Wire:
    made = Wire()
    made.tell(f"GET {WORKSPACE.id}", {"properties": {"storageAccount": ACCOUNT}})
    made.tell(f"GET {ACCOUNT}", {"properties": {"primaryEndpoints": {"blob": f"{HERE}/stmine/"}}})
    made.tell(f"GET {STORE}", {"properties": {"accountName": "stmine", "containerName": "data"}})
    for version in (1, 2):
        made.tell(
            f"GET {asset('codes', version)}",
            {"properties": {"codeUri": f"{HERE}/stmine/data/code/{version}"}},
        )
        uri = f"{SHORT}/datastores/workspaceblobstore/paths/models/{version}.pkl"
        made.tell(f"GET {asset('models', version)}", {"properties": {"modelUri": uri}})
        conda = CONDA.replace("VERSION", f"{version}.0")
        made.tell(f"GET {asset('environments', version)}", {"properties": {"condaFile": conda, "image": "i"}})
    blobs = {
        "code/1/score.py": (10, "aa=="),
        "code/1/same.py": (5, "bb=="),
        "code/2/score.py": (10, "cc=="),
        "code/2/same.py": (5, "bb=="),
        "code/20/other.py": (5, "bb=="),
        "models/1.pkl": (1000, ""),
        "models/2.pkl": (2000, ""),
    }
    made.answers["GET /stmine/data"] = lambda url, headers, sent: listed(url, blobs)
    endpoint(made, {"blue": 100}, {})
    made.tell(f"GET {ENDPOINT}/deployments", {"value": [body(one, VARIABLES[one]) for one in (1, 2)]})
    return made


SLOTS = {1: "blue", 2: "green"}
VARIABLES = {1: {"SECRET": "first", "GONE": "x"}, 2: {"SECRET": "second", "NEW": "y"}}


def listed(url: str, blobs: Mapping[str, tuple[int, str]]) -> Response:
    """List Blobs, one a page."""
    query = parse_qs(urlsplit(url).query)
    after = query.get("marker", [""])[0]
    names = [name for name in sorted(blobs) if name.startswith(query["prefix"][0]) and name > after]
    shown = "".join(
        f"<Blob><Name>{escape(name)}</Name><Properties><Content-Length>{blobs[name][0]}</Content-Length>"
        f"<Content-MD5>{blobs[name][1]}</Content-MD5></Properties></Blob>"
        for name in names[:1]
    )
    marker = names[0] if len(names) > 1 else ""
    text = f"<EnumerationResults><Blobs>{shown}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    return Response(200, {}, text.encode(), url)


def found(wire: Wire) -> dict[str, Change]:
    held = connection(wire)
    made = versions.between(held, endpoints.read(held, "echo"), "blue", "green")
    return {one.name: one for one in made}


def test_files_packages_and_settings_that_differ_are_changes(wire: Wire) -> None:
    made = found(wire)
    assert made["code/score.py"].candidate == "10 bytes, MD5 cc=="
    assert made["model/1.pkl"] == Change("file", "model/1.pkl", "1,000 bytes", None)
    assert made["model/2.pkl"] == Change("file", "model/2.pkl", None, "2,000 bytes")
    assert made["numpy"] == Change("package", "numpy", "1.0", "2.0")
    assert made["instance_type"] == Change("setting", "instance_type", "Standard_D1", "Standard_D2")
    assert not {"code/same.py", "code/other.py", "python", "image"} & made.keys()


def test_of_environment_variables_only_the_names_are_told(wire: Wire) -> None:
    made = {name: (one.stable, one.candidate) for name, one in found(wire).items() if "variable" in name}
    assert made == {
        "environment variable GONE": ("set", None),
        "environment variable NEW": (None, "set"),
        "environment variable SECRET": ("set", "set to another value"),
    }


def test_no_token_goes_to_another_account(wire: Wire) -> None:
    wire.tell(
        f"GET {asset('codes', 2)}", {"properties": {"codeUri": "https://other.example/stmine/data/code/2"}}
    )
    wire.tell(f"GET {STORE}", {"properties": {"accountName": "other", "containerName": "data"}})
    made = found(wire)
    assert made["code/"].candidate == "https://other.example/stmine/data/code/2"
    assert "paths/models/2.pkl" in str(made["model/"].candidate)
    assert all(path.startswith(("/subscriptions/", "/stmine/")) for _, path, _ in wire.seen)


def test_a_first_deployment_changes_nothing_and_what_cannot_be_listed_is_an_error(wire: Wire) -> None:
    held = connection(wire)
    assert versions.between(held, endpoints.read(held, "echo"), "", "green") == ()
    wire.answers["GET /stmine/data"] = lambda url, headers, sent: Response(403, {}, b"", url)
    with pytest.raises(AzureError, match="cannot be listed: 403"):
        found(wire)
