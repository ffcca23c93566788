"""A linear model without libraries: the example is about the stack."""

import json
import os
from pathlib import Path

weights: dict[str, float]


def init() -> None:
    """Load the weights."""
    global weights
    weights = json.loads((Path(os.environ["AZUREML_MODEL_DIR"]) / "model" / "weights.json").read_text())


def run(data: str) -> list[float]:
    """Minutes for each delivery; distances in kilometres."""
    document = json.loads(data)["deliveries"]
    return [
        weights["base"] + weights["distance"] * one["distance"] + weights["stops"] * one["stops"]
        for one in document
    ]
