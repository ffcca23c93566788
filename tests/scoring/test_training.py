"""The committed models are what the training script makes, and it makes the same bytes every time."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.scoring.server import SAMPLE

TRAIN_AND_PREDICT = """
import json, runpy, sys
from pathlib import Path
script, target, committed, told = sys.argv[1:]
sys.argv[1:] = [target]
train = runpy.run_path(script, run_name="__main__")
import joblib, mlflow.pyfunc
patients, answers = train["load_patients"]()
def answer(folder):
    blue = mlflow.pyfunc.load_model(f"{folder}/logistic-regression").predict(patients)
    green = joblib.load(f"{folder}/support-vector-machine/model.joblib").predict(patients.to_numpy())
    return [blue.tolist(), green.tolist()]
Path(told).write_text(json.dumps([answer(folder) for folder in (target, committed)] + [answers.tolist()]))
"""
"""The script, and in the same process, whose imports take seconds, what new and committed models answer."""


@dataclass(frozen=True)
class Trained:
    """What two runs wrote and said, and each model's answer for each patient: the second run's, the committed
    ones', and the right ones."""

    targets: tuple[Path, Path]
    said: tuple[str, str]
    answers: list[Any]


@pytest.fixture(scope="module")
def trained(training_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Their hash seeds differ: nothing may hang on it."""
    first, second = (tmp_path_factory.mktemp("models") for _ in range(2))
    told = tmp_path_factory.mktemp("told") / "answers.json"
    script = str(SAMPLE / "training" / "train.py")
    said = _run(training_python, "1", script, str(first))
    after = (script, str(second), str(SAMPLE / "models"), str(told))
    again = _run(training_python, "2", "-c", TRAIN_AND_PREDICT, *after)
    return Trained((first, second), (said, again), json.loads(told.read_text()))


def test_training_twice_writes_the_same_bytes(trained: Trained) -> None:
    first, second = trained.targets
    assert _contents(first) == _contents(second)
    said, again = trained.said
    assert said == again


def test_the_committed_models_are_the_scripts_own(trained: Trained) -> None:
    """The same files, and the same answer for each of the 442 patients.

    Bytes are compared within one machine only: the last bits of a fit depend on the processor's arithmetic.
    """
    assert _contents(trained.targets[1]).keys() == _contents(SAMPLE / "models").keys()
    retrained, committed, answers = trained.answers
    assert retrained == committed
    assert len(answers) == 442
    assert sum(answers) == 221


def test_the_readme_states_the_measured_accuracy(trained: Trained) -> None:
    measured = json.loads(trained.said[0])
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
