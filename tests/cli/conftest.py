"""Clones of the project to run whole commands in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.clones import TestClone, make

SCORE = """\
import os
from pathlib import Path


def init():
    global answer
    answer = next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("*.txt")).read_text().strip()


def run(data):
    return answer
"""
CONDA = "dependencies:\n- python=3.11\n- pip\n- pip:\n  - azureml-inference-server-http>=1.5.1\n"
DEPLOYMENT = """\
name: next
endpoint_name: echo
model: {path: model/answer.txt}
code_configuration: {code: src, scoring_script: score.py}
environment: {image: "mcr.microsoft.com/azureml/minimal:latest", conda_file: conda.yml}
instance_type: Standard_D2as_v4
instance_count: 1
"""
ENDPOINTS = """\
  azml:endpoints:
    # Says what its model says.
    echo:
      deployments:
        blue: {file: deployment.yml} # the first
      traffic: {blue: 100} # all of it
"""


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[TestClone]:
    """A clone that serves one small model, whose environment is quick to start."""
    clone = make(tmp_path / "clone with a space")
    folder = clone.root / "scoring" / "echo"
    for part in ("model", "src", "requests"):
        (folder / part).mkdir(parents=True)
    (folder / "endpoint.yml").write_text("name: echo\nauth_mode: key\n")
    (folder / "deployment.yml").write_text(DEPLOYMENT)
    (folder / "conda.yml").write_text(CONDA)
    (folder / "src" / "score.py").write_text(SCORE)
    (folder / "model" / "answer.txt").write_text("one\n")
    (folder / "requests" / "sample.json").write_text("{}\n")
    before, _, _ = clone.stack_file.read_text().partition("  azml:endpoints:")
    clone.stack_file.write_text(before + ENDPOINTS)
    yield clone
    clone.run("down")
