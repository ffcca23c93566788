"""Scripts as people write them, with what they open below AZUREML_MODEL_DIR."""

from pathlib import Path

import pytest

from azml.bundling.model_paths import model_path_notes

FILES = {"model/model.pkl", "model/MLmodel", "model/data/words.txt"}
MISSING = [
    'path = os.path.join(os.getenv("AZUREML_MODEL_DIR"), "model.pkl")',
    'path = os.path.join(os.environ["AZUREML_MODEL_DIR"], "model.pkl")',
    'path = join(environ.get("AZUREML_MODEL_DIR", "."), "model.pkl")',
    'root = os.getenv("AZUREML_MODEL_DIR")\npath = root + "/model.pkl"',
    'root = Path(os.environ["AZUREML_MODEL_DIR"])\npath = root / "model.pkl"',
    'root = os.getenv("AZUREML_MODEL_DIR") or "."\npath = f"{root}/model.pkl"',
    'path = Path(os.environ["AZUREML_MODEL_DIR"]).joinpath("model.pkl")',
    'name = "model.pkl"\npath = os.path.join(os.environ["AZUREML_MODEL_DIR"], name)',
]
THERE = [
    'path = os.path.join(os.getenv("AZUREML_MODEL_DIR"), "model", "model.pkl")',
    'path = os.path.join(os.getenv("AZUREML_MODEL_DIR"), "model")',
    'root = Path(os.environ["AZUREML_MODEL_DIR"]) / "model"\npath = root / "data" / "words.txt"',
    'root = os.getenv("AZUREML_MODEL_DIR")\nroot = "."\npath = root + "/model.pkl"',
    'path = os.path.join(os.getenv("AZUREML_MODEL_DIR"), name)',
    'name = "x"\nname = other()\npath = os.path.join(os.getenv("AZUREML_MODEL_DIR"), name)',
    'n = "2"\nroot = os.environ["AZUREML_MODEL_DIR"]\npath = f"{root}/model{n}.pkl"',
    'n = "2"\npath = os.environ["AZUREML_MODEL_DIR"] + "/model" + n',
    'paths = glob.glob(os.path.join(os.getenv("AZUREML_MODEL_DIR"), "*.pkl"))',
    'path = os.path.join(os.getenv("OTHER"), "model.pkl")',
]


def notes(folder: Path, body: str) -> list[str]:
    lines = body.replace("\n", "\n    ")
    (folder / "score.py").write_text(f"import os\n\ndef init():\n    {lines}\n    load(path)\n")
    return model_path_notes(folder / "score.py", "score.py", FILES)


@pytest.mark.parametrize("body", MISSING)
def test_a_path_without_the_models_folder_is_told_with_the_right_one(tmp_path: Path, body: str) -> None:
    (note,) = notes(tmp_path, body)
    line = 4 + body.count("\n")
    assert note == (
        f"score.py:{line} opens model.pkl below AZUREML_MODEL_DIR, which will not exist: "
        "the file is at model/model.pkl"
    )


@pytest.mark.parametrize("body", THERE)
def test_what_will_be_there_or_cannot_be_known_is_left_alone(tmp_path: Path, body: str) -> None:
    assert notes(tmp_path, body) == []


def test_a_name_that_no_file_has_is_told_with_what_there_is(tmp_path: Path) -> None:
    (note,) = notes(tmp_path, 'path = os.path.join(os.getenv("AZUREML_MODEL_DIR"), "weights.bin")')
    assert note.endswith("there is model/MLmodel, model/data/words.txt, model/model.pkl")
