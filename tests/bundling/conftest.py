"""A deployment folder that bundles, for tests to break."""

from collections.abc import Callable
from pathlib import Path

import pytest

from azml.bundling import Bundle, HashCache, bundle
from azml.findings import Finding, InvalidInput
from azml.specs import load_deployment
from tests.fixtures.scoring_folder import write_files

SCORE = "def init():\n    pass\n\n\ndef run(raw_data):\n    return raw_data\n"
CONDA = "channels: [conda-forge]\ndependencies:\n- python=3.11\n- pip\n- pip:\n  - scikit-learn==1.5.2\n"
DEPLOYMENT = """\
name: blue
endpoint_name: diabetes
model:
  path: model
code_configuration:
  code: src
  scoring_script: score.py
environment:
  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04
  conda_file: conda.yml
instance_type: Standard_DS3_v2
"""


def make_folder(folder: Path) -> Path:
    """A custom model with its scoring script and conda file."""
    files = {
        "src/score.py": SCORE,
        "model/weights.bin": b"\0weights\r\n",
        "conda.yml": CONDA,
        "deployment.yml": DEPLOYMENT,
    }
    return write_files(folder, files)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "scoring")


Make = Callable[[Path], Bundle]
Find = Callable[[Path], list[Finding]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Load and bundle the deployment in a folder, with one cache for the test."""

    def run(folder: Path) -> Bundle:
        spec = load_deployment(folder / "deployment.yml")
        return bundle(spec, endpoint="diabetes", cache=HashCache(tmp_path / "cache" / "hashes"))

    return run


@pytest.fixture
def find(make: Make) -> Find:
    """What is wrong with the deployment in a folder."""

    def run(folder: Path) -> list[Finding]:
        with pytest.raises(InvalidInput) as caught:
            make(folder)
        return list(caught.value.findings)

    return run
