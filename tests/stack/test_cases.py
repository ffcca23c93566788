"""Endpoint folders of the kinds that people bring, all in one stack."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fixtures.scoring_folder import write_file as write
from tests.stack.conftest import Project, Stack

SERVER = "azureml-inference-server-http>=1.5.1"
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest"
DOUBLES = """\
    import json, os
    import numpy

    def init():
        global weight
        place = os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "weights.json")
        weight = json.load(open(place))["w"]

    def run(raw_data):
        return (weight * numpy.array(json.loads(raw_data)["data"])).tolist() + [numpy.__version__]
"""
EXPORTED = {
    "name": "exported",
    "channels": ["conda-forge", "defaults"],
    "dependencies": [
        "_libgcc_mutex=0.1=conda_forge",
        "ca-certificates=2024.8.30=hbcca054_0",
        "libblas=3.9.0=25_linux64_openblas",
        "numpy=2.1.2=py311h71ddf71_0",
        "openssl=3.3.2=hb9d3cd8_0",
        "pip=24.3.1=pyh8b19718_0",
        "python=3.11.10=hc5c86c4_3_cpython",
        "tzdata=2024b=hc8b5060_0",
        {"pip": [SERVER]},
    ],
    "prefix": "/home/me/miniconda3/envs/exported",
}
BRACKETS = {
    "channels": ["conda-forge"],
    "dependencies": ["python=3.11", "conda-forge::numpy[version='>=1.26,<3']", "pip", {"pip": [SERVER]}],
}
MARKERS = {
    "channels": ["conda-forge"],
    "dependencies": [
        "python=3.11",
        "pip",
        {
            "pip": [
                'numpy==1.26.4 ; python_version < "3.12"',
                'numpy==2.1.3 ; python_version >= "3.12"',
                SERVER,
            ]
        },
    ],
}
PLAIN = {"channels": ["conda-forge"], "dependencies": ["python=3.11", "pip", {"pip": [SERVER]}]}
REFERENCES = {
    "BANK_KEY": "azureml://connections/bank/credentials/API_KEY",
    "FROM_VAULT": "keyvault:https://kv.vault.azure.net/secrets/one/2",
}


def folder(base: Path, name: str, conda: Any, script: str, **more: Any) -> Path:
    """An endpoint's folder with a model, a script in `src` and a conda file, None for an image alone."""
    own = base / name
    write(own / "model" / "weights.json", '{"w": 2}')
    write(own / "src" / "score.py", script)
    environment = {"image": IMAGE}
    if conda is not None:
        write(own / "conda.yml", conda)
        environment["conda_file"] = "conda.yml"
    document = {
        "name": "blue",
        "endpoint_name": "any",
        "model": {"path": "./model"},
        "code_configuration": {"code": "./src", "scoring_script": "score.py"},
        "environment": environment,
        "instance_type": "Standard_D4as_v4",
        "instance_count": 1,
    }
    write(own / "deployment.yml", {**document, **more})
    return own


def nested(base: Path) -> Path:
    """A script in a folder of its own below the code's, and one that reaches for the folder above."""
    own = folder(
        base, "nested", PLAIN, "", code_configuration={"code": "app", "scoring_script": "in/score.py"}
    )
    write(own / "app" / "common" / "tools.py", "")
    write(own / "app" / "in" / "helper.py", "BONUS = 1\n")
    script = """\
        import json, os
        import helper

        def init(): pass

        def run(raw_data):
            root = os.path.basename(os.environ["AML_APP_ROOT"])
            data = json.loads(raw_data)["data"]
            return {"y": [helper.BONUS + x for x in data], "root": root, "cwd": os.path.basename(os.getcwd())}
    """
    write(own / "app" / "in" / "score.py", script)
    write(
        own / "app" / "in" / "above.py",
        "import common.tools\n\ndef init(): pass\n\ndef run(raw_data): pass\n",
    )
    document = yaml.safe_load((own / "deployment.yml").read_text())
    document["code_configuration"]["scoring_script"] = "in/above.py"
    write(own / "green.yml", document)
    return own


def mlflow_model(base: Path) -> Path:
    """A model whose requirements.txt is shorter than its conda.yaml, and whose loader needs the latter."""
    own = base / "geo"
    signature = {
        "inputs": '[{"type": "double", "name": "x"}, {"type": "double", "name": "y"}]',
        "outputs": None,
        "params": None,
    }
    flavor = {"env": {"conda": "conda.yaml"}, "loader_module": "loader", "code": "code"}
    write(
        own / "model" / "MLmodel",
        {
            "flavors": {"python_function": flavor},
            "mlflow_version": "3.17.2",
            "signature": signature,
            "model_uuid": "0",
        },
    )
    loader = """\
        from shapely.geometry import Point

        class Distance:
            def predict(self, data, params=None):
                return [Point(x, y).distance(Point(0, 0)) for x, y in zip(data["x"], data["y"])]

        def _load_pyfunc(path):
            return Distance()
    """
    write(own / "model" / "code" / "loader.py", loader)
    write(own / "model" / "requirements.txt", "mlflow-skinny==3.17.2\ncloudpickle\n")
    pip = {"pip": ["mlflow-skinny==3.17.2", "cloudpickle"]}
    conda = {"name": "geo", "dependencies": ["python=3.11", "pip", "shapely=2.0", "pandas", pip]}
    write(own / "model" / "conda.yaml", {**conda, "channels": ["conda-forge"]})
    document = {"name": "blue", "endpoint_name": "geo", "model": {"path": "model", "type": "mlflow_model"}}
    write(own / "deployment.yml", {**document, "instance_type": "Standard_D4as_v4", "instance_count": 1})
    return own


def secrets(base: Path) -> Path:
    """A script that answers with its secrets."""
    script = f"""\
        import os

        def init(): pass

        def run(raw_data):
            return {{name: os.environ.get(name) for name in {list(REFERENCES)}}}
    """
    variables = {name: f"${{{{{reference}}}}}" for name, reference in REFERENCES.items()}
    own = folder(base, "secret", PLAIN, script, environment_variables=variables)
    write(
        own / "endpoint.yml",
        {
            "name": "any",
            "auth_mode": "key",
            "properties": {"enforce_access_to_default_secret_stores": "enabled"},
        },
    )
    return own


def image_alone(base: Path) -> Path:
    """A script that imports what only its image has."""
    script = "import sklearn\n\ndef init(): pass\n\ndef run(raw_data): pass\n"
    image = "mcr.microsoft.com/azureml/sklearn-1.5-ubuntu22.04-py310-cpu-inference:latest"
    return folder(base, "image", None, script, environment={"image": image})


@pytest.fixture
def cases(project: Project, workspace: Stack) -> Iterator[Stack]:
    made = project("cases", existing=True)
    base = made.folder / "cases"
    folders = {
        "exported": folder(base, "exported", EXPORTED, DOUBLES),
        "brackets": folder(base, "brackets", BRACKETS, DOUBLES),
        "markers": folder(base, "markers", MARKERS, DOUBLES),
        "geo": mlflow_model(base),
        "nested": nested(base),
        "secret": secrets(base),
        "image": image_alone(base),
    }
    slots: dict[str, Any] = {name: {"blue": {}} for name in folders} | {"nested": {"blue": {}, "green": {}}}
    made.settings["azml:endpoints"] = {
        key: {"path": str(path), "name": f"case-{key}", "deployments": slots[key]}
        for key, path in folders.items()
    }
    made.write()
    yield made
    for key in folders:
        made.azure.arm("DELETE", place(made, key))  # it stops serving


def answer(stack: Stack, key: str, body: Any) -> Any:
    """What the case's blue deployment answers."""
    endpoint = place(stack, key)
    bearer = f"Bearer {stack.azure.arm('POST', f'{endpoint}/listKeys')['primaryKey']}"
    uri = stack.azure.arm("GET", endpoint)["properties"]["scoringUri"]
    named = {"azureml-model-deployment": "blue"}
    return stack.azure.ask("POST", uri, body, Authorization=bearer, **named)


def place(stack: Stack, key: str) -> str:
    return f"{stack.endpoint.rpartition('/')[0]}/case-{key}"


def logs(stack: Stack, key: str, container: str) -> str:
    asked = {"containerType": container, "tail": 500}
    found: str = stack.azure.arm("POST", f"{place(stack, key)}/deployments/blue/getLogs", asked)["content"]
    return found


def test_what_people_bring(cases: Stack) -> None:
    """The good go up beside the bad, which say what is wrong and what would be right."""
    done = cases.run("up", "--yes", "--skip-preview", "--continue-on-error")
    assert done.code != 0
    assert answer(cases, "exported", {"data": [1, 2]}) == [2, 4, "2.1.2"]
    given = logs(cases, "exported", "StorageInitializer")
    for name in ("_libgcc_mutex", "ca-certificates", "libblas", "openssl", "tzdata"):
        assert f"left out: {name} " in given
    assert answer(cases, "brackets", {"data": [1, 2]})[:2] == [2, 4]
    assert "invalid literal for int()" not in logs(cases, "brackets", "InferenceServer")
    assert answer(cases, "markers", {"data": [1, 2]}) == [2, 4, "1.26.4"]
    rows = {"columns": ["x", "y"], "data": [[3.0, 4.0]]}
    assert answer(cases, "geo", {"input_data": rows}) == [5.0]
    assert answer(cases, "nested", {"data": [1]}) == {"y": [2], "root": "in", "cwd": "in"}
    assert "as on Azure, a scoring script imports modules from its own folder" in done.text

    assert f"BANK_KEY asks for {REFERENCES['BANK_KEY']}" in done.text
    assert "test-secrets.yml" in done.text
    assert "there is no conda file: the packages are those of the image" in done.text  # at preview
    assert "No module named 'sklearn'" in done.text
    assert "give the environment a conda_file that has sklearn" in done.text  # beside the error

    values = {reference: f"test of {name}" for name, reference in REFERENCES.items()}
    write(cases.azure.folder / "e" / "test-secrets.yml", values)
    for key in ("image", "nested"):
        del cases.settings["azml:endpoints"][key]
    cases.write()
    cases.up()
    assert answer(cases, "secret", {}) == {name: f"test of {name}" for name in REFERENCES}
    assert "test of" not in cases.run("stack", "export", "--show-secrets").text
