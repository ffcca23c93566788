"""A Pulumi project in a temp folder, and the real CLI to run it with."""

import os
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


@pytest.fixture
def environment() -> dict[str, str]:
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
def pulumi(pulumi_cli: Path, project: Path, environment: dict[str, str]) -> Pulumi:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(pulumi_cli), *arguments, "--non-interactive"],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    assert run("stack", "init", "dev").returncode == 0
    return run
