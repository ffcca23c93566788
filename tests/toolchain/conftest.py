"""A Pulumi project in a temp folder, and the real CLI to run it with."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Pulumi = Callable[..., "subprocess.CompletedProcess[str]"]

PROJECT = """\
name: sample
runtime: python
backend: {url: "file://./state"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    return tmp_path


@pytest.fixture(scope="session")
def variables() -> dict[str, str]:
    """The shell of whoever runs these projects."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    return {
        **kept,
        "PULUMI_CONFIG_PASSPHRASE": "sample",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # Every package installed beside a program asks for its plugin, and none of those is wanted here.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "VIRTUAL_ENV": sys.prefix,
    }


@pytest.fixture
def environment(variables: dict[str, str]) -> dict[str, str]:
    """One's own copy."""
    return dict(variables)


@pytest.fixture(scope="session")
def new_stack(pulumi_cli: Path, variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder with a stack `dev` of which nothing is made yet, to copy."""
    folder = tmp_path_factory.mktemp("stack")
    (folder / "state").mkdir()
    (folder / "Pulumi.yaml").write_text(PROJECT)
    command = [str(pulumi_cli), "stack", "init", "dev", "--non-interactive"]
    subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True, timeout=120)
    return folder


@pytest.fixture
def pulumi(pulumi_cli: Path, project: Path, environment: dict[str, str], new_stack: Path) -> Pulumi:
    shutil.copytree(new_stack, project, dirs_exist_ok=True)
    environment["PULUMI_STACK"] = "dev"

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(pulumi_cli), *arguments, "--non-interactive"],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
