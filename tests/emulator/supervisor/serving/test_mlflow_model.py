"""An MLflow model without code, in the environment its own files ask for."""

import textwrap
from pathlib import Path

import pytest

from tests.emulator.harness import Harness

MLMODEL = """
    flavors:
      python_function:
        code: code
        data: data
        env: {conda: conda.yaml}
        loader_module: doubling
    signature:
      inputs: '[{"type": "double", "name": "x", "required": true},
                {"type": "long", "name": "n", "required": true},
                {"type": "string", "name": "note", "required": false}]'
      outputs: '[{"type": "double", "required": true}]'
"""
MODULE = """
    class Model:
        def predict(self, frame, params=None):
            assert str(frame["x"].dtype) == "float64" and str(frame["n"].dtype) == "int64"
            return frame["x"].to_numpy() * frame["n"].to_numpy()

    def _load_pyfunc(path):
        return Model()
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    root = tmp_path / "models" / "doubling"
    (root / "code").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "MLmodel").write_text(textwrap.dedent(MLMODEL))
    (root / "code" / "doubling.py").write_text(textwrap.dedent(MODULE))
    (root / "requirements.txt").write_text("mlflow-skinny\npandas\n")
    (root / "conda.yaml").write_text("dependencies:\n- python=3.11\n- pip:\n  - mlflow-skinny\n")
    return root.parent


async def test_a_model_answers_every_form_of_input(harness: Harness, model: Path) -> None:
    await harness.endpoint({"blue": 100})
    observed = await harness.settled(
        harness.desired(
            mlflow=True,
            model_folder=model,
            code_folder=None,
            scoring_script=None,
            request_timeout_ms=30_000,
        )
    )
    assert observed.state == "ready", observed.error
    for data in (
        {"columns": ["n", "x"], "index": [7, 8], "data": [[2, 1], [3, 2]]},
        {"columns": ["x", "n"], "data": [[1, 2], [2, 3]]},
        {"data": [[1, 2, "a"], [2, 3, "b"]]},
        [{"x": 1, "n": 2}, {"x": 2, "n": 3, "note": None}],
        {"x": [1, 2], "n": [2, 3]},
        [[1, 2, "a"], [2, 3, "b"]],
    ):
        assert await harness.ask({"input_data": data}) == (200, [2.0, 6.0]), data
    for body, reason in (
        ([], "input_data"),
        ({"data": []}, "input_data"),
        ({"input_data": 3}, "object or a list"),
        ({"input_data": [{"x": 1}]}, "lacks columns: n"),
        ({"input_data": [{"x": "abc", "n": 1}]}, "column 'x' must be double"),
        ({"input_data": [{"x": 1, "n": 1.5}]}, "not whole"),
        ({"input_data": [{"x": 1, "n": None}]}, "missing"),
        ({"input_data": {"columns": ["x"], "data": [[1, 2]]}}, "not a table"),
    ):
        status, answer = await harness.ask(body)
        assert status == 424, body
        assert reason in answer["message"], (body, answer)


async def test_a_folder_without_mlmodel_fails_with_that_reason(harness: Harness, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    observed = await harness.settled(
        harness.desired(mlflow=True, model_folder=tmp_path / "empty", code_folder=None, scoring_script=None)
    )
    assert observed.state == "failed"
    assert "no MLmodel" in (observed.error or "")
