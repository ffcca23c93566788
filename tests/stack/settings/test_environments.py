"""The environments of this repository, as they are: read without a finding, and closed where they say so."""

import shutil
from pathlib import Path

import pytest

from azml.stack.checks.network_findings import open_endpoints
from tests.stack.settings.conftest import Read

ROOT = Path(__file__).parents[3]
PROD = (ROOT / "Pulumi.prod.yaml").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program's folder with the sample of this repository."""
    shutil.copytree(ROOT / "scoring", tmp_path / "scoring")
    return tmp_path


def test_both_are_read_without_a_finding(read: Read) -> None:
    dev = read(stack="dev", text=(ROOT / "Pulumi.dev.yaml").read_text())
    prod = read(stack="prod", text=PROD)
    ours, theirs = (one.endpoints[0].spec for one in (dev, prod))
    assert (ours.auth_mode, theirs.auth_mode) == ("key", "aad_token")
    assert list(open_endpoints(dev.workspace, dev.endpoints)) == [], "all of dev is open"


def test_an_endpoint_that_public_networks_reach_beside_a_closed_workspace_is_told(read: Read) -> None:
    prod = read(stack="prod", text=PROD)
    assert list(open_endpoints(prod.workspace, prod.endpoints)) == []
    open_ = read(stack="prod", text=PROD.replace("      file: prod/endpoint.yml\n", ""))
    (found,) = open_endpoints(open_.workspace, open_.endpoints)
    assert "public networks reach the endpoint 'diabetes-azml-prod', though not its workspace" in str(found)
    assert found.file and found.file.name == "endpoint.yml"
    anywhere = PROD.replace("    imageBuildCompute:", "    publicNetworkAccess: true\n    imageBuildCompute:")
    all_open = read(stack="prod", text=anywhere.replace("      file: prod/endpoint.yml\n", ""))
    assert list(open_endpoints(all_open.workspace, all_open.endpoints)) == []


def test_what_is_a_comment_in_prod_can_be_turned_on(read: Read) -> None:
    """The lines about the registry, without their marks."""
    text = PROD.replace("# azml:promotion:", "azml:promotion:").replace("# registry:", "registry:")
    own = (
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/registries/mlr-shared"
    )
    text = text.replace("/subscriptions/.../registries/mlr-shared", own)
    settings = read(stack="prod", text=text)
    assert settings.promotion and settings.promotion.registry_id == own


def test_the_plan_that_is_a_comment_takes_the_place_of_the_shares(read: Read, folder: Path) -> None:
    (folder / "scoring" / "diabetes" / "requests.jsonl").write_text('{"input_data": [[1, 2]]}\n' * 500)
    text = PROD.replace("      traffic: {blue: 100}\n", "").replace("# rollout: prod", "rollout: prod")
    (endpoint,) = read(stack="prod", text=text).endpoints
    assert endpoint.rollout and not endpoint.traffic
