"""Trains the two models this endpoint serves, and says how well they do on patients they have not seen.

Data: scikit-learn's bundled diabetes study, 442 patients with ten measurements each, in their natural units.
Question: did the disease progress further in a year than it did for the cohort's median patient? 1 is yes.

Run it in an environment of its own (requirements.txt beside this file), with the folder to write to:

    python train.py ../models
"""

import json
import re
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, Schema
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

SEED = 0
HELD_OUT = 0.25
MEASUREMENTS = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
# Fixed, so that training twice writes the same bytes and the deployed version changes only with the model.
TRAINED_AT = "2026-01-01 00:00:00.000000"
MODEL_UUID = "d1abe7e5-0000-4000-8000-000000000442"
ZIP_TIME = (2026, 1, 1, 0, 0, 0)


def load_patients() -> tuple[pd.DataFrame, pd.Series]:
    """The measurements of every patient, and 1 where the disease progressed beyond the cohort's median."""
    patients, progression = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    return patients.astype("float64"), (progression > progression.median()).astype("int64")


def save_mlflow(model: Pipeline, folder: Path) -> None:
    """Writes an MLflow model with a signature, in a format that is data and not code (skops)."""
    signature = ModelSignature(
        inputs=Schema([ColSpec("double", name) for name in MEASUREMENTS]),
        outputs=Schema([ColSpec("long")]),
    )
    mlflow.sklearn.save_model(
        model,
        str(folder),
        conda_env=_environment(),
        mlflow_model=Model(utc_time_created=TRAINED_AT, model_uuid=MODEL_UUID),
        signature=signature,
        serialization_format=mlflow.sklearn.SERIALIZATION_FORMAT_SKOPS,
    )
    _forget_the_run(folder / "model.skops")
    described = Model.load(str(folder))
    described.model_size_bytes = (folder / "model.skops").stat().st_size
    described.save(str(folder / "MLmodel"))


def save_custom(model: Pipeline, folder: Path) -> None:
    """Writes `model.joblib`. Its pipeline is fitted on a bare array, so serving it needs no pandas."""
    folder.mkdir(parents=True)
    joblib.dump(model, folder / "model.joblib")


def _environment() -> dict[str, Any]:
    # mlflow-skinny loads and serves this model as mlflow does, with half the installed size.
    packages = ["mlflow-skinny", "scikit-learn", "skops", "pandas", "numpy"]
    return {
        "name": "diabetes",
        "channels": ["conda-forge"],
        "dependencies": ["python=3.11", "pip", {"pip": [f"{name}=={version(name)}" for name in packages]}],
    }


def _forget_the_run(archive: Path) -> None:
    """Takes out of a skops file what tells one run from another: the time, and objects' memory addresses.

    The file is a zip of a schema and arrays; the addresses are the `__id__`s in the schema and the arrays'
    names. They only have to differ from each other, so they become 1, 2, 3.
    """
    with zipfile.ZipFile(archive) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    schema = contents.pop("schema.json").decode()
    addresses = dict.fromkeys(re.findall(r'"__id__": (\d+)', schema))
    numbers = {address: str(number) for number, address in enumerate(addresses, start=1)}
    contents = {f"{numbers[Path(name).stem]}.npy": content for name, content in contents.items()}
    contents["schema.json"] = re.sub(
        r'(?<="__id__": )\d+|\d+(?=\.npy")', lambda address: numbers[address[0]], schema
    ).encode()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(contents):
            new.writestr(zipfile.ZipInfo(name, ZIP_TIME), contents[name], zipfile.ZIP_DEFLATED)


def train(target: Path) -> dict[str, dict[str, float]]:
    """Fits both models, writes them under `target` and returns their accuracies (shares of 1).

    `held_out` is measured once on a quarter of the patients that training never saw; `cross_validated` is the
    mean of five folds of the other three quarters. The models written are those that were measured.
    """
    patients, answers = load_patients()
    seen, unseen, seen_answers, unseen_answers = train_test_split(
        patients, answers, test_size=HELD_OUT, random_state=SEED, stratify=answers
    )
    baseline = make_pipeline(StandardScaler(), LogisticRegression(random_state=SEED))
    candidate = make_pipeline(StandardScaler(), SVC(C=0.5, random_state=SEED))
    accuracies = {
        "logistic-regression": fit(baseline, seen, seen_answers, unseen, unseen_answers),
        "support-vector-machine": fit(
            candidate, seen.to_numpy(), seen_answers, unseen.to_numpy(), unseen_answers
        ),
    }
    save_mlflow(baseline, target / "logistic-regression")
    save_custom(candidate, target / "support-vector-machine")
    return accuracies


def fit(model: Pipeline, seen: Any, seen_answers: Any, unseen: Any, unseen_answers: Any) -> dict[str, float]:
    """Fits `model` on the seen patients and returns its accuracy on them (by folds) and on the unseen."""
    folds = cross_val_score(model, seen, seen_answers, cv=5)
    model.fit(seen, seen_answers)
    held_out = np.mean(model.predict(unseen) == unseen_answers)
    return {"held_out": round(float(held_out), 4), "cross_validated": round(float(folds.mean()), 4)}


if __name__ == "__main__":
    print(json.dumps(train(Path(sys.argv[1])), indent=2))
