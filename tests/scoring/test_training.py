"""The committed models are what the training script makes, and it makes the same bytes every time."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.scoring.server import SAMPLE

PREDICT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import joblib, mlflow.pyfunc, train
patients, answers = train.load_patients()
def answer(folder):
    blue = mlflow.pyfunc.load_model(f"{folder}/logistic-regression").predict(patients)
    green = joblib.load(f"{folder}/support-vector-machine/model.joblib").predict(patients.to_numpy())
    return [blue.tolist(), green.tolist()]
print(json.dumps([answer(folder) for folder in sys.argv[2:]] + [answers.tolist()]))
"""


@pytest.fixture(scope="module")
def trained(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    """Two runs, each with what it wrote and said. Their hash seeds differ: nothing may hang on it."""
    runs = []
    for seed in ("1", "2"):
        target = tmp_path_factory.mktemp("models")
        said = _run(training_python, seed, str(SAMPLE / "training" / "train.py"), str(target))
        runs.append((target, said))
    return runs


def test_training_twice_writes_the_same_bytes(trained: list[tuple[Path, str]]) -> None:
    (first, said), (second, again) = trained
    assert _contents(first) == _contents(second)
    assert said == again


def test_the_committed_models_are_the_scripts_own(
    trained: list[tuple[Path, str]], training_python: Path
) -> None:
    """The same files, and the same answer for each of the 442 patients.

    Bytes are compared within one machine only: the last bits of a fit depend on the processor's arithmetic.
    """
    target, _ = trained[0]
    models = SAMPLE / "models"
    assert _contents(target).keys() == _contents(models).keys()
    said = _run(training_python, "0", "-c", PREDICT, str(SAMPLE / "training"), str(target), str(models))
    retrained, committed, answers = json.loads(said)
    assert retrained == committed
    assert len(answers) == 442
    assert sum(answers) == 221


def test_the_readme_states_the_measured_accuracy(trained: list[tuple[Path, str]]) -> None:
    measured = json.loads(trained[0][1])
    readme = (SAMPLE / "README.md").read_text()
    for model, accuracy in measured.items():
        row = re.search(rf"^\|.*{model}.*\|$", readme, re.M)
        assert row, f"the README has no row for {model}"
        stated = re.findall(r"(\d+\.\d) %", row[0])
        assert stated == [f"{100 * accuracy[kind]:.1f}" for kind in ("held_out", "cross_validated")]


def _run(python: Path, seed: str, *arguments: str) -> str:
    # The environment is kept, so the byte code of what is imported is, too, whatever this machine says.
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [str(python), *arguments], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
