"""The sample's files agree with each other and pass the checks every scoring folder passes."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from azml.bundling.bundle import bundle
from azml.bundling.cache import HashCache
from azml.specs.load import load_deployment, load_endpoint
from tests.scoring.server import SAMPLE

LOCK = dict(re.findall(r"^([\w-]+)==([\w.]+)", (SAMPLE / "training" / "requirements.txt").read_text(), re.M))
MLFLOW = SAMPLE / "models" / "logistic-regression"


@pytest.mark.parametrize("name", ["blue", "green", "deployment"])
def test_each_deployment_file_makes_a_bundle_without_notes(name: str, tmp_path: Path) -> None:
    spec = load_deployment(SAMPLE / f"{name}.yml")
    made = bundle(spec, endpoint="diabetes", cache=HashCache(tmp_path / "hashes"))
    assert spec.endpoint_name == load_endpoint(SAMPLE / "endpoint.yml").name == "diabetes"
    assert made.notes == ()


def test_the_two_deployments_are_what_the_readme_says() -> None:
    blue, green = load_deployment(SAMPLE / "blue.yml"), load_deployment(SAMPLE / "green.yml")
    assert (blue.instance_type, blue.code, blue.environment) == ("Standard_D4as_v4", None, None)
    assert (green.instance_type, green.scoring_script) == ("Standard_D2as_v4", "score.py")


def test_only_the_code_is_uploaded_as_code(tmp_path: Path) -> None:
    made = bundle(load_deployment(SAMPLE / "green.yml"), endpoint="diabetes", cache=HashCache(tmp_path / "h"))
    assert [path for path in made.files if path.startswith("code/")] == ["code/score.py"]


def test_the_file_to_work_on_starts_out_as_green() -> None:
    """So that the first `azml release` changes nothing until the folder changes."""
    green = load_deployment(SAMPLE / "green.yml")
    following = load_deployment(SAMPLE / "deployment.yml", overrides={"name": "green"})
    assert replace(following, source=None) == replace(green, source=None)


@pytest.mark.parametrize("file", [SAMPLE / "conda.yml", MLFLOW / "conda.yaml"], ids=["green", "blue"])
def test_models_are_served_with_the_versions_they_were_trained_with(file: Path) -> None:
    pinned = dict(re.findall(r"- ([\w-]+)==([\w.]+)", file.read_text()))
    assert pinned.keys() >= {"numpy", "scikit-learn"}
    assert pinned.items() <= LOCK.items()


def test_the_lock_names_hashes_and_no_address() -> None:
    text = (SAMPLE / "training" / "requirements.txt").read_text()
    assert "://" not in text
    pins = [line for line in text.splitlines() if "==" in line]
    assert all(line.endswith("\\") for line in pins)
    assert text.count("--hash=sha256:") >= len(pins)


def test_the_mlflow_model_says_what_it_takes() -> None:
    signature = yaml.safe_load((MLFLOW / "MLmodel").read_text())["signature"]
    names = [column["name"] for column in yaml.safe_load(signature["inputs"])]
    assert names == ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
