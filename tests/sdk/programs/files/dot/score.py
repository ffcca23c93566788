"""Answers with what it was given and who answers."""

import logging
import os
from pathlib import Path


def init():
    global weights
    weights = next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("*.txt")).read_text().strip()
    print("weights:", weights)


def run(data):
    logging.info("asked")
    return {"model": weights, "who": os.environ.get("WHO", "nobody"), "asked": data}
