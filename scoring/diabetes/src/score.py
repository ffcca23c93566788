"""Answers for the custom model: loads it once, then takes the same requests as an MLflow deployment.

A request is `{"input_data": {"columns": [...], "data": [[...], ...]}}`; the columns may come in any order and
an `index` is allowed. The answer is a JSON list with a 0 or a 1 for each row.
"""

import json
import math
import os
from pathlib import Path
from typing import Any

import joblib
from azureml_inference_server_http.api.aml_response import AMLResponse

MEASUREMENTS = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]

model: Any = None


def init() -> None:
    """Loads the model. The server calls it once, before the first request."""
    global model
    model = joblib.load(Path(os.environ["AZUREML_MODEL_DIR"]) / "model.joblib")


def run(raw_data: str) -> list[int] | AMLResponse:
    """Predicts for every row of a request; a request that makes no sense is answered with status 400."""
    try:
        rows = read_rows(raw_data)
    except ValueError as error:
        return AMLResponse({"message": str(error)}, 400, json_str=True)
    return [int(answer) for answer in model.predict(rows)]


def read_rows(raw_data: str) -> list[list[float]]:
    """The rows of a request, their values in the order the model was trained with.

    Raises ValueError, with what would be right, when the request is not of the documented form.
    """
    table = _read_table(raw_data)
    columns, rows = table.get("columns"), table.get("data")
    if not isinstance(columns, list) or sorted(map(str, columns)) != sorted(MEASUREMENTS):
        raise ValueError(f"columns must name each of {', '.join(MEASUREMENTS)} once")
    if not isinstance(rows, list) or not rows:
        raise ValueError("data must be a list of one row or more")
    order = [columns.index(name) for name in MEASUREMENTS]
    return [_read_row(number, row, order) for number, row in enumerate(rows)]


def _read_table(raw_data: str) -> dict[str, Any]:
    try:
        request = json.loads(raw_data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the request is not JSON: {error}") from error
    table = request.get("input_data") if isinstance(request, dict) else None
    if not isinstance(table, dict):
        raise ValueError('the request must be {"input_data": {"columns": [...], "data": [[...], ...]}}')
    return table


def _read_row(number: int, row: object, order: list[int]) -> list[float]:
    if not isinstance(row, list) or len(row) != len(order):
        raise ValueError(f"row {number} must be a list of {len(order)} numbers")
    return [_read_number(number, row[place]) for place in order]


def _read_number(number: int, value: object) -> float:
    wrong = ValueError(f"row {number} holds a value that is no finite number")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong
    try:
        read = float(value)
    except OverflowError as error:
        raise wrong from error
    if not math.isfinite(read):
        raise wrong
    return read
