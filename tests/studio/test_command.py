"""`azml studio`, as a shell runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.whole_azure import WholeAzure

pytestmark = pytest.mark.process


def run(project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", "from azml.cli.app import main; main()", "studio", *arguments],
        env={**os.environ, "AZML_PROJECT": str(project)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def project(studio_azure: WholeAzure) -> Path:
    """The folder that `azml` takes for the clone of this local Azure."""
    root = studio_azure.folder.parents[1]
    for folder in ("azml/cli", "local"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "local" / "Pulumi.yaml").touch()
    return root


def test_it_prints_a_link_that_signs_in_and_nothing_else(
    project: Path, studio_azure: WholeAzure, anyone: Page
) -> None:
    done = run(project)
    assert done.returncode == 0, done.stderr
    link = done.stdout.strip()
    assert link.startswith(f"{studio_azure.url}/studio#code=")
    assert "\n" not in link
    anyone.goto(link)
    expect(anyone.get_by_role("link", name="diabetes")).to_be_visible()


def test_it_hands_the_endpoints_samples_to_the_page(
    project: Path, anyone: Page, studio_azure: WholeAzure
) -> None:
    requests = project / "scoring" / "diabetes" / "requests"
    requests.mkdir(parents=True, exist_ok=True)
    (requests / "sample.json").write_text('{"of": "the folder"}')
    stack = project / "local" / "Pulumi.local.yaml"
    stack.write_text("config:\n  azml:endpoints:\n    diabetes:\n      deployments:\n        blue: {}\n")
    done = run(project)
    stack.unlink()
    assert done.returncode == 0, done.stderr
    anyone.goto(done.stdout.strip())
    anyone.get_by_role("link", name="diabetes").click()
    anyone.get_by_role("tab", name="Test").click()
    expect(anyone.get_by_label("Body", exact=True)).to_have_value('{"of": "the folder"}')


def test_each_link_is_another(project: Path) -> None:
    assert run(project).stdout != run(project, "--no-browser").stdout


def test_without_a_local_azure_it_says_how_to_start_one(tmp_path: Path) -> None:
    for folder in ("azml/cli", "local"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "local" / "Pulumi.yaml").touch()
    done = run(tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert "azml emulator start" in done.stderr
