"""A scoring script whose inputs and outputs are described by samples."""

from typing import Any

import numpy as np
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema


def init() -> None:
    pass


@input_schema("data", NumpyParameterType(np.array([[1.0, 2.0]])))  # type: ignore[untyped-decorator]
@input_schema("factor", StandardPythonParameterType(2))  # type: ignore[untyped-decorator]
@output_schema(NumpyParameterType(np.array([3.0])))  # type: ignore[untyped-decorator]
def run(data: Any, factor: int) -> Any:
    return (data.sum(axis=1) * factor).tolist()
