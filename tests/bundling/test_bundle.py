"""A whole deployment: parts that must be there, MLflow models, names, digests, and all findings at once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from azml.bundling import Bundle, BundledAsset, BundledEnvironment, HashCache, bundle
from azml.findings import Finding, InvalidInput
from azml.rules import ASSET
from azml.specs import AssetReference, load_deployment

Make = Callable[[Path], Bundle]
Find = Callable[[Path], list[Finding]]
MLMODEL = """\
flavors:
  python_function:
    env: {conda: conda.yaml, virtualenv: python_env.yaml}
    loader_module: mlflow.sklearn
    model_path: model.pkl
  sklearn: {pickled_model: model.pkl}
"""


def edit(folder: Path, old: str, new: str) -> None:
    file = folder / "deployment.yml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def make_mlflow(folder: Path, text: str = MLMODEL) -> None:
    """Turn the deployment into one of an MLflow model without code."""
    model = folder / "model"
    (model / "MLmodel").write_text(text)
    for name in ("conda.yaml", "python_env.yaml", "model.pkl"):
        (model / name).write_text(name)
    (folder / "deployment.yml").write_text(
        "name: blue\nendpoint_name: diabetes\nmodel:\n  path: model\n  type: mlflow_model\ninstance_type: S\n"
    )


def test_a_custom_deployment_becomes_three_assets_and_a_digest(folder: Path, make: Make) -> None:
    made = make(folder)
    assert isinstance(made.model, BundledAsset)
    assert isinstance(made.code, BundledAsset)
    assert isinstance(made.environment, BundledEnvironment)
    assert (made.model.name, made.model.type, made.model.root) == ("diabetes-blue", "custom_model", "model")
    assert made.model.blob_path(made.model.files[0]) == "model/weights.bin"
    assert made.code.blob_path(made.code.files[0]) == "score.py"
    assert all(ASSET.accepts(asset.version) for asset in (made.model, made.code, made.environment))
    assert set(made.files) == {
        "model/weights.bin", "code/score.py", "environment/conda.yml", "environment/image",
    }  # fmt: skip
    assert "azureml-inference-server-http" in (made.environment.conda or "")
    assert len(made.notes) == 1


def test_a_model_that_is_one_file_goes_by_its_own_name(folder: Path, make: Make) -> None:
    edit(folder, "path: model\n", "path: model/weights.bin\n")
    model = make(folder).model
    assert isinstance(model, BundledAsset)
    assert (model.root, model.is_file) == ("weights.bin", True)
    assert model.blob_path(model.files[0]) == "weights.bin"


def test_a_changed_file_shows_by_name_and_changes_the_digest(folder: Path, make: Make) -> None:
    before = make(folder)
    (folder / "src" / "score.py").write_text((folder / "src" / "score.py").read_text() + "# new\n")
    after = make(folder)
    assert [path for path in after.files if after.files[path] != before.files[path]] == ["code/score.py"]
    assert after.serves != before.serves
    assert (after.model, after.environment) == (before.model, before.environment)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("instance_type: Standard_DS3_v2", "instance_type: Standard_DS4_v2"),
        ("instance_type:", "environment_variables: {A: b}\ninstance_type:"),
        ("ubuntu22.04", "ubuntu24.04"),
        ("path: model\n", "path: model\n  name: other\n"),
    ],
)
def test_the_digest_covers_what_a_slot_predicts_with(folder: Path, make: Make, old: str, new: str) -> None:
    before = make(folder)
    edit(folder, old, new)
    assert make(folder).serves != before.serves


@pytest.mark.parametrize(
    "more", ["instance_count: 3\n", "tags: {a: b}\n", "request_settings: {request_timeout_ms: 9}\n"]
)
def test_the_digest_leaves_out_what_predictions_do_not_depend_on(folder: Path, make: Make, more: str) -> None:
    before = make(folder)
    (folder / "deployment.yml").write_text((folder / "deployment.yml").read_text() + more)
    assert make(folder).serves == before.serves


def test_names_and_versions_in_the_file_are_honoured(folder: Path, make: Make) -> None:
    edit(folder, "path: model\n", "path: model\n  name: weights\n  version: 7\n")
    edit(folder, "image:", "name: python\n  version: '2'\n  image:")
    made = make(folder)
    assert isinstance(made.model, BundledAsset)
    assert isinstance(made.environment, BundledEnvironment)
    assert (made.model.name, made.model.version) == ("weights", "7")
    assert (made.environment.name, made.environment.version) == ("python", "2")
    assert sum("is fixed" in note for note in made.notes) == 2


def test_a_registered_asset_is_passed_through_and_nothing_is_read(folder: Path, make: Make) -> None:
    (folder / "deployment.yml").write_text(
        "name: blue\nendpoint_name: diabetes\nmodel: azureml:m@latest\nenvironment: azureml:e:1\n"
        "code_configuration: {code: azureml:c:1, scoring_script: s.py}\ninstance_type: S\n"
    )
    made = make(folder)
    assert made.model == AssetReference("m", label="latest")
    assert dict(made.files) == {"model": "m@latest", "code": "c:1", "environment": "e:1"}


def test_a_workspace_id_and_the_short_form_serve_the_same_but_a_registry_does_not(
    folder: Path, make: Make
) -> None:
    def serves(model: str) -> str:
        text = "name: blue\nendpoint_name: diabetes\nenvironment: azureml:e:1\ninstance_type: S\n"
        (folder / "deployment.yml").write_text(f"{text}model: {model}\n")
        return make(folder).serves

    arm = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    assert serves("azureml:m:1") == serves(f"azureml:{arm}/models/m/versions/1")
    assert serves("azureml:m:1") != serves("azureml://registries/r/models/m/versions/1")
    assert serves("azureml:m") == serves("azureml:m@latest")


def test_every_finding_of_every_part_comes_at_once(folder: Path, find: Find) -> None:
    shutil.rmtree(folder / "model")
    (folder / "src" / "score.py").write_text("def init(): ...\n\n\ndef run(*data): ...\n")
    (folder / "conda.yml").write_text("channels: [conda-frge]\ndependencies:\n- sklearn\n")
    found = {(finding.file, finding.line) for finding in find(folder)}
    assert found == {
        (folder / "deployment.yml", 4), (folder / "src" / "score.py", 4),
        (folder / "conda.yml", 1), (folder / "conda.yml", 3),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("path: model\n", "path: modle\n", 4, "there is no model at"),
        ("scoring_script: score.py", "scoring_script: scor.py", 7, "there is no scor.py in"),
        ("scoring_script: score.py", "scoring_script: ../conda.yml", 7, "there is no ../conda.yml"),
        ("code: src", "code: source", 6, "is not there"),
        ("code: src", "code: conda.yml", 6, "is a file, not a folder"),
        ("  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04\n", "", 8, "has no image"),
        ("code_configuration:\n  code: src\n  scoring_script: score.py\n", "", 1, "needs a scoring script"),
    ],
)
def test_what_is_missing_is_found_where_it_is_named(
    folder: Path, find: Find, old: str, new: str, line: int, message: str
) -> None:
    edit(folder, old, new)
    (found,) = find(folder)
    assert message in found.message
    assert found.line == line
    assert found.file == folder / "deployment.yml"


def test_a_fault_in_a_conda_file_written_inline_has_its_line(folder: Path, find: Find) -> None:
    inline = "conda_file:\n    dependencies:\n    - python=3.11\n    - sklearn\n    - numpy\n    - numpy"
    edit(folder, "conda_file: conda.yml", inline)
    first, second = find(folder)
    assert (first.file, first.line) == (folder / "deployment.yml", 13)
    assert first.key == "environment.conda_file.dependencies[1]"
    assert (second.line, second.remedy) == (15, "it is also on line 14")


def test_a_part_that_is_missing_has_a_line_whatever_is_laid_over_the_file(
    folder: Path, tmp_path: Path
) -> None:
    """A stack names every deployment itself, so the line of the name is no line of the file."""
    edit(folder, "code_configuration:\n  code: src\n  scoring_script: score.py\n", "")
    spec = load_deployment(folder / "deployment.yml", overrides={"name": "green"})
    with pytest.raises(InvalidInput) as caught:
        bundle(spec, endpoint="diabetes", cache=HashCache(tmp_path / "hashes"))
    (found,) = caught.value.findings
    assert (found.file, found.line, found.key) == (folder / "deployment.yml", 1, "code_configuration")


def test_a_custom_model_needs_an_environment(folder: Path, find: Find) -> None:
    text = (folder / "deployment.yml").read_text()
    head, tail = text.split("environment:")
    (folder / "deployment.yml").write_text(head + tail[tail.index("instance_type") :])
    (found,) = find(folder)
    assert "needs an environment" in found.message


def test_a_deployment_of_nothing_is_refused(folder: Path, find: Find) -> None:
    (folder / "deployment.yml").write_text("name: blue\nendpoint_name: diabetes\ninstance_type: S\n")
    (found,) = find(folder)
    assert found.message == "deploys nothing"


def test_an_own_container_needs_no_script_and_gets_no_server(folder: Path, make: Make) -> None:
    edit(folder, "code_configuration:\n  code: src\n  scoring_script: score.py\n", "")
    route = "{port: 80, path: /}"
    routes = f"{{liveness_route: {route}, readiness_route: {route}, scoring_route: {route}}}"
    edit(folder, "conda_file: conda.yml", f"inference_config: {routes}")
    environment = make(folder).environment
    assert isinstance(environment, BundledEnvironment)
    assert environment.conda is None
    assert environment.inference_config is not None


def test_a_container_s_routes_and_mount_path_are_part_of_what_serves(folder: Path, make: Make) -> None:
    route = "{port: 80, path: /}"
    routes = f"{{liveness_route: {route}, readiness_route: {route}, scoring_route: {route}}}"
    edit(folder, "conda_file: conda.yml", f"inference_config: {routes}")
    before = make(folder)
    edit(folder, f"scoring_route: {route}", "scoring_route: {port: 80, path: /predict}")
    after = make(folder)
    changed = [path for path in after.files if after.files[path] != before.files.get(path)]
    assert changed == ["environment/inference_config"]
    assert after.serves != before.serves
    edit(folder, "code_configuration:", "model_mount_path: /mnt\ncode_configuration:")
    assert make(folder).serves != after.serves


def test_a_script_that_is_ignored_is_found(folder: Path, find: Find) -> None:
    (folder / "src" / ".amlignore").write_text("*.py\n")
    (folder / "src" / "other.txt").write_text("x")
    (found,) = find(folder)
    assert "is left out by an ignore file" in found.message


def test_an_empty_folder_is_refused(folder: Path, find: Find) -> None:
    (folder / "model" / "weights.bin").unlink()
    (found,) = find(folder)
    assert (found.message, found.file) == ("has no files to deploy", folder / "model")


def test_too_much_code_is_refused(folder: Path, find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("azml.bundling.assets.MAX_CODE_BYTES", 10)
    (found,) = find(folder)
    assert "too much for code" in found.message


def test_an_mlflow_model_needs_nothing_else(folder: Path, make: Make) -> None:
    make_mlflow(folder)
    made = make(folder)
    assert isinstance(made.model, BundledAsset)
    assert made.model.type == "mlflow_model"
    assert made.code is None
    assert made.environment is None


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("flavors: [\n", 2, "is not valid YAML"),
        ("a: 1\n", 1, "has no flavors"),
        ("flavors:\n  spark: {a: b}\n", 1, "there is no python_function flavor, only spark"),
        ("flavors:\n  python_function: {a: b}\n", 2, "has no loader_module"),
        (MLMODEL.replace("conda.yaml", "gone.yaml"), 3, "there is no gone.yaml in the model"),
        (
            MLMODEL.replace("model_path: model.pkl", "model_path: gone.pkl"),
            5,
            "there is no gone.pkl in the model",
        ),
    ],
)
def test_an_mlflow_model_azure_cannot_serve_is_found(
    folder: Path, find: Find, text: str, line: int, message: str
) -> None:
    make_mlflow(folder, text)
    (found,) = find(folder)
    assert message in found.message
    assert (found.file, found.line) == (folder / "model" / "MLmodel", line)


@pytest.mark.parametrize("ignored", ["MLmodel", "conda.yaml", "*.pkl"])
def test_a_file_an_mlflow_model_needs_must_not_be_left_out(folder: Path, find: Find, ignored: str) -> None:
    """Azure would find out when the deployment starts."""
    make_mlflow(folder)
    (folder / "model" / ".gitignore").write_text(f"{ignored}\n")
    (found,) = find(folder)
    assert "is left out by an ignore file" in found.message
    assert found.file == folder / "model" / "MLmodel"


def test_an_mlflow_model_s_code_is_a_folder_and_nothing_outside(folder: Path, make: Make, find: Find) -> None:
    make_mlflow(folder, MLMODEL.replace("    model_path", "    code: code\n    model_path"))
    (folder / "model" / "code").mkdir()
    (folder / "model" / "code" / "own.py").touch()
    make(folder)
    (folder / "model" / "MLmodel").write_text(MLMODEL.replace("conda.yaml", "/etc/hostname"))
    (found,) = find(folder)
    assert "there is no /etc/hostname in the model" in found.message


def test_a_folder_without_mlmodel_is_no_mlflow_model(folder: Path, find: Find) -> None:
    make_mlflow(folder)
    (folder / "model" / "MLmodel").unlink()
    (found,) = find(folder)
    assert "there is no file MLmodel" in found.message


def test_an_mlflow_folder_without_its_type_is_found(folder: Path, find: Find) -> None:
    """azure-ai-ml takes it for a custom model, and Azure would have nothing to serve it with."""
    make_mlflow(folder)
    edit(folder, "  type: mlflow_model\n", "")
    assert "add type: mlflow_model" in {found.remedy for found in find(folder)}


def test_the_endpoint_is_the_caller_s(folder: Path, tmp_path: Path) -> None:
    spec = load_deployment(folder / "deployment.yml")
    model = bundle(spec, endpoint="Other", cache=HashCache(tmp_path / "hashes")).model
    assert isinstance(model, BundledAsset)
    assert model.name == "other-blue"


@pytest.mark.parametrize(
    ("image", "noted"),
    [
        ("mcr.microsoft.com/azureml/sklearn-1.5-ubuntu22.04-py310-cpu-inference:latest", True),
        ("own.azurecr.io/scoring:3", True),
        ("mcr.microsoft.com/azureml/curated/minimal-py312-inference:latest", False),
    ],
)
def test_an_image_without_a_conda_file_is_noted_unless_its_contents_are_known(
    folder: Path, make: Make, image: str, noted: bool
) -> None:
    edit(folder, "  conda_file: conda.yml\n", "")
    text = (folder / "deployment.yml").read_text()
    line = next(line for line in text.splitlines() if "image:" in line)
    edit(folder, line, f"  image: {image}")
    assert any(f"the packages are those of the image {image}" in note for note in make(folder).notes) == noted


def test_a_server_without_a_bound_says_which_pin_is_the_reason(folder: Path, make: Make) -> None:
    (folder / "conda.yml").write_text("dependencies: [python=3.11, pip, {pip: [pydantic==1.10.2]}]\n")
    made = make(folder)
    assert isinstance(made.environment, BundledEnvironment)
    assert "- azureml-inference-server-http\n" in (made.environment.conda or "")
    assert any("because pydantic==1.10.2 leaves no version from 1.5.1" in note for note in made.notes)


def test_hashes_want_the_server_hashed_too(folder: Path, find: Find) -> None:
    line = f"a==1 --hash=sha256:{64 * 'a'}"
    (folder / "conda.yml").write_text(f"dependencies: [python=3.11, pip, {{pip: ['{line}']}}]\n")
    (finding,) = find(folder)
    assert "the inference server is not in it" in finding.message
    assert finding.file == folder / "conda.yml"


def test_a_script_that_opens_what_will_not_lie_there_is_noted(folder: Path, make: Make) -> None:
    script = (
        "import os\n\ndef init():\n    open(os.path.join(os.environ['AZUREML_MODEL_DIR'], 'weights.bin'))\n"
    )
    (folder / "src" / "score.py").write_text(f"{script}\n\ndef run(raw_data):\n    return []\n")
    (note,) = (note for note in make(folder).notes if "AZUREML_MODEL_DIR" in note)
    assert note.startswith("score.py:4 opens weights.bin")
    assert note.endswith("the file is at model/weights.bin")
