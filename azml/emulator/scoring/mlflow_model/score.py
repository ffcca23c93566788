"""The scoring script of an MLflow model without code. Runs in the model's own environment and its Python.

A request is `{"input_data": ..., "params": {...}}`. `input_data` is pandas's split format (`columns`,
`index`, `data`; the first two are optional), a list of records, a list of rows, or an object of columns
or tensors. Values are cast to the types of the model's signature. The answer is the bare predictions as JSON.
Tables go into the collections `model_inputs` and `model_outputs` where the deployment has them.
"""

import base64
import datetime
import json
import logging
import math
import os
from typing import Any, Dict  # noqa: UP035 - Python 3.8 reads this file

import numpy
import pandas
from azureml_inference_server_http.api.aml_response import AMLResponse
from mlflow import pyfunc
from mlflow.exceptions import MlflowException

logger = logging.getLogger("azmlinfsrv.mlflow")
_NUMBERS = {"integer": "int32", "long": "int64", "float": "float32", "double": "float64"}
_state: Dict[str, Any] = {}  # noqa: UP006 - as above


class BadRequest(Exception):
    """The client's data cannot be passed to the model; the text says why."""


def init() -> None:
    """Load the model."""
    _state["model"] = pyfunc.load_model(os.environ["AZML_MLFLOW_MODEL"])
    names = os.environ.get("AZML_MLFLOW_COLLECT", "").split()
    _state["collectors"] = {name: _collector(name) for name in names}


def run(raw_data: Any) -> Any:
    """Predict. A request that the model cannot use is answered 400 with the reason."""
    model = _state["model"]
    try:
        body = _body(raw_data)
        schema = model.metadata.get_input_schema()
        data = _input(body["input_data"], schema)
        params = body.get("params")
        predictions = model.predict(data, params=params) if params else model.predict(data)
    except (BadRequest, MlflowException) as refused:
        return AMLResponse({"message": str(refused)}, 400, json_str=True)
    _collect(data, predictions)
    return plain(predictions)


def _collector(name: str) -> Any:
    from azureml.ai.monitoring import Collector

    return Collector(name=name, on_error=lambda error: logger.warning("%s is not collected: %s", name, error))


def _collect(data: Any, predictions: Any) -> None:
    """Collect request and answer under one id. Anything that is not a table is left out, as on Azure."""
    context = None
    for name, values in (("model_inputs", data), ("model_outputs", predictions)):
        collector = _state["collectors"].get(name)
        if collector is None or isinstance(values, dict):
            continue
        try:
            context = collector.collect(pandas.DataFrame(values), context)
        except ValueError:
            logger.warning("%s: the values cannot be turned into a table", name)


def _body(raw_data: Any) -> Any:
    try:
        body = json.loads(raw_data)
    except ValueError as broken:
        raise BadRequest(f"the body is not JSON: {broken}") from broken
    if not isinstance(body, dict) or "input_data" not in body:
        raise BadRequest("the body must be a JSON object with the key input_data")
    if body.get("params") is not None and not isinstance(body["params"], dict):
        raise BadRequest("params must be a JSON object")
    return body


def _input(data: Any, schema: Any) -> Any:
    if schema is not None and schema.is_tensor_spec():
        return _tensors(data, schema)
    return _typed(_frame(data, schema), schema)


def _frame(data: Any, schema: Any) -> Any:
    names = schema.input_names() if schema is not None and schema.has_input_names() else None
    try:
        if isinstance(data, dict) and "data" in data and set(data) <= {"columns", "index", "data"}:
            columns = data.get("columns")
            columns = names if columns is None else columns
            return pandas.DataFrame(data["data"], index=data.get("index"), columns=columns)
        if isinstance(data, list) and data and not isinstance(data[0], dict):
            return pandas.DataFrame(data, columns=names)
        if isinstance(data, (dict, list)):
            return pandas.DataFrame(data)
    except (ValueError, TypeError) as broken:
        raise BadRequest(f"input_data is not a table: {broken}") from broken
    raise BadRequest("input_data must be a JSON object or a list")


def _typed(frame: Any, schema: Any) -> Any:
    if schema is None:
        return frame
    if not schema.has_input_names():
        for position, kind in enumerate(schema.input_types()):
            if position < frame.shape[1]:
                _cast(frame, frame.columns[position], kind)
        return frame
    missing = [name for name in schema.required_input_names() if name not in frame.columns]
    if missing:
        raise BadRequest(f"input_data lacks columns: {', '.join(map(str, missing))}")
    for spec in schema.inputs:
        if spec.name in frame.columns:
            _cast(frame, spec.name, spec.type)
    names = [name for name in schema.input_names() if name in frame.columns]
    return frame if names == list(frame.columns) else frame[names]


def _cast(frame: Any, name: Any, kind: Any) -> None:
    """Cast a column in place. Putting one back costs as much as all the rest, so only what changed is."""
    values = frame[name]
    cast = _column(values, kind, name)
    if cast is not values:
        frame[name] = cast


def _column(values: Any, kind: Any, name: Any) -> Any:
    kind = getattr(kind, "name", "object")
    try:
        if kind in _NUMBERS:
            return _numbers(values, _NUMBERS[kind])
        if kind == "boolean":
            if not values.map(lambda value: isinstance(value, (bool, numpy.bool_))).all():
                raise ValueError("not every value is true or false")
            return values.astype(bool)
        if kind == "datetime":
            return pandas.to_datetime(values)
        if kind == "binary":
            return values.map(base64.b64decode)
        return (
            values.map(lambda value: value if value is None else str(value)) if kind == "string" else values
        )
    except (ValueError, TypeError, OverflowError) as broken:
        raise BadRequest(f"column {name!r} must be {kind}: {broken}") from broken


def _numbers(values: Any, dtype: Any) -> Any:
    if getattr(values, "dtype", None) == dtype:  # most are already: pandas reads JSON's numbers so
        return values
    numbers = pandas.to_numeric(values)
    if dtype.startswith("int"):
        if numbers.isna().any():
            raise ValueError("a value is missing")
        if not (numbers == numbers.round()).all():
            raise ValueError("a value is not whole")
        limits = numpy.iinfo(dtype)
        if len(numbers) and (numbers.min() < limits.min or numbers.max() > limits.max):
            raise ValueError("a value is out of range")
    return numbers.astype(dtype)


def _tensors(data: Any, schema: Any) -> Any:
    if isinstance(data, dict) and "data" in data and set(data) <= {"columns", "index", "data"}:
        data = data["data"]
    try:
        if schema.has_input_names():
            if not isinstance(data, dict):
                raise BadRequest(f"input_data must be an object with {', '.join(schema.input_names())}")
            missing = [name for name in schema.required_input_names() if name not in data]
            if missing:
                raise BadRequest(f"input_data lacks: {', '.join(missing)}")
            kinds = dict(zip(schema.input_names(), schema.numpy_types()))  # noqa: B905 - Python 3.8 has no strict
            return {name: numpy.asarray(data[name], dtype=kinds.get(name)) for name in data}
        return numpy.asarray(data, dtype=schema.numpy_types()[0])
    except (ValueError, TypeError) as broken:
        raise BadRequest(f"input_data is not a tensor of the model's type: {broken}") from broken


def plain(value: Any) -> Any:
    """Predictions as JSON types: tables as lists of records, missing and infinite numbers as null."""
    if isinstance(value, pandas.DataFrame):
        return [plain(record) for record in value.to_dict(orient="records")]
    if isinstance(value, (pandas.Series, numpy.ndarray)):
        return plain(value.tolist())
    if hasattr(value, "toarray"):  # a sparse matrix
        return plain(value.toarray())
    if isinstance(value, numpy.generic):
        return plain(value.item())
    if isinstance(value, dict):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return value
