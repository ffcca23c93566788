"""The sentence beside the first failures that everybody meets."""

from pathlib import Path

import pytest

from azml.emulator.supervisor.serving.hints import hints
from tests.emulator.supervisor.environments.test_environments import deployment_of

NO_FILE = "FileNotFoundError: [Errno 2] No such file or directory: '{}/model.pkl'"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "laid-out" / "m" / "1"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "model.pkl").touch()
    return folder


def test_where_the_file_lies_that_a_script_did_not_find(model: Path) -> None:
    given = hints(deployment_of(model_folder=model), NO_FILE.format(model))
    assert given == "\nazml: there is no model.pkl below AZUREML_MODEL_DIR; it is at model/model.pkl"
    (model / "model" / "model.pkl").rename(model / "model" / "weights.bin")
    given = hints(deployment_of(model_folder=model), NO_FILE.format(model))
    assert given.endswith("there is model/weights.bin")


def test_where_a_script_may_write_is_told_when_it_was_refused(model: Path) -> None:
    failure = "PermissionError: [Errno 13] Permission denied: '/home/me/cache'"
    given = hints(deployment_of(model_folder=model), f"Traceback\n{failure}\n")
    assert given.startswith("\nazml: a scoring script may not open /home/me/cache this way: it can write to")


def test_other_failures_are_left_as_they_are(model: Path) -> None:
    desired = deployment_of(model_folder=model, conda="dependencies: []")
    assert hints(desired, f"ValueError: bad content in '{model}/model/model.pkl'") == ""
    assert hints(desired, "ModuleNotFoundError: No module named 'numpy'") == ""


def test_a_failed_import_says_that_the_image_is_not_here() -> None:
    given = hints(deployment_of(image="x.io/own:1"), "ModuleNotFoundError: No module named 'sklearn.svm'")
    assert "the packages of its image x.io/own:1 are not known here" in given
    assert "a conda_file that has sklearn" in given


def test_a_module_above_a_nested_script_is_not_found_as_on_azure(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    desired = deployment_of(code_folder=tmp_path, scoring_script="serving/score.py", conda="dependencies: []")
    given = hints(desired, "ModuleNotFoundError: No module named 'common'")
    assert given.startswith("\nazml: common is in the code folder, and the script runs in serving")
    assert hints(desired, "ModuleNotFoundError: No module named 'other'") == ""
