"""Generates the table with which the local Azure maps the names of conda's Python packages.

    python scripts/conda_names.py conda_pypi-0.13.1-py3-none-any.whl 2026-11-25

The wheel comes from `pip download --no-deps conda-pypi==0.13.1`; the second word is the date of the download.
Only the wheel's table of names is used: its dependencies are conda's own.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

TABLE = Path(__file__).parents[1] / "azml" / "emulator" / "supervisor" / "environments" / "conda_names.txt"
MAPPING = "conda_pypi/grayskull_pypi_mapping.json"
HEAD = """\
# Conda's Python packages by the names the Python package index has for them.
# Made by scripts/conda_names.py; do not edit. `name` where both agree, else `conda's name=the index's name`.
# Source: {wheel} ({mapping}), MIT licence, Copyright (c) 2022 Jaime
# Rodríguez-Guerra; taken on {date}. Names that the source leaves out are in scripts/conda_names.py.
"""
# The source leaves out many of the best known: those whose recipe makes several packages. Each of these is
# the same project on both sides.
SAME = """
aiohappyeyeballs aiohttp allennlp altair annotated-doc anthropic arrow azure-eventhub azureml-core
azureml-defaults beartype beautifulsoup4 biopython bitsandbytes black boltons catboost category_encoders
certifi cffi cloudpathlib cmake cmdstanpy configparser cookiecutter cryptography cupy cython darts dask
databricks-cli delta-spark deltalake email-validator fairlearn faiss-cpu faiss-gpu ffmpeg-python flair
flake8 future geopandas geopy google-api-core google-cloud-aiplatform google-cloud-bigquery
google-cloud-bigquery-storage google-cloud-pubsub gql grpcio gymnasium h5py hydra-core ibis-framework
implicit importlib-metadata inference-schema interpret jaxlib joblib keras langchain langchain-core
langgraph lifelines memory_profiler meson mlflow mlflow-skinny mmh3 moto msgspec multidict mypy nbconvert
netcdf4 ninja nodeenv onnx onnxmltools onnxruntime open3d openai opencensus orjson pandas pandas-profiling
pandera papermill peewee phik pillow playwright plotly polars pooch propcache protobuf psycopg pyarrow
pybind11 pycaret pymongo pymupdf pypdf pysam pyspark pytesseract pytest-asyncio pytest-cov python-dotenv
python-slugify pyyaml rasterio rdflib rdkit rich scikit-learn scipy selenium sentencepiece setuptools-scm
skops sktime smart_open snowflake-connector-python sqlglot stanza starlette structlog tensorflow
tensorflow-cpu tensorflow-estimator tensorflow-gpu tensorflow-hub tensorflow-probability threadpoolctl
tiktoken tokenizers toolz torchaudio torchvision trimesh trino typer typing-inspection ultralytics uvicorn
vtk watchdog webencodings xgboost xlrd yarl ydata-profiling
"""
OTHER = {
    "dask-core": "dask",
    "h3-py": "h3",
    "opt_einsum": "opt-einsum",
    "python-confluent-kafka": "confluent-kafka",
    "python-kubernetes": "kubernetes",
    "python-sounddevice": "sounddevice",
    "brotli-python": "brotli",
    "faiss": "faiss-cpu",
    "importlib_metadata": "importlib-metadata",
    "jupyter_core": "jupyter-core",
    "keras-preprocessing": "keras-preprocessing",
    "matplotlib": "matplotlib",
    "matplotlib-base": "matplotlib",
    "numpy-base": "numpy",
    "opencv": "opencv-python-headless",
    "prompt-toolkit": "prompt-toolkit",
    "py-opencv": "opencv-python-headless",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "python-lz4": "lz4",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "ray-default": "ray",
    "seaborn": "seaborn",
    "tensorflow-base": "tensorflow",
    "typer-slim": "typer-slim",
    "typing-extensions": "typing-extensions",
    "uvicorn-standard": "uvicorn",
}


_HASH = re.compile(r"[0-9a-f]{50,}")
"""What the source has instead of a name for a few projects."""


def table(mapping: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The index's name for each conda name. Of several, the one that agrees, else one set by hand there."""
    found: dict[str, Mapping[str, str]] = {}
    for entry in mapping.values():
        name = entry["conda_name"].lower()
        if _HASH.fullmatch(entry["pypi_name"]):
            continue
        if name not in found or _rank(entry) < _rank(found[name]):
            found[name] = entry
    made = {name: entry["pypi_name"] for name, entry in found.items()}
    return {**made, **{name: name for name in SAME.split()}, **OTHER}


def _rank(entry: Mapping[str, str]) -> tuple[bool, bool, int, str]:
    pypi = entry["pypi_name"]
    return entry["conda_name"] != pypi, entry.get("mapping_source") != "static", len(pypi), pypi


def lines(names: Mapping[str, str]) -> Iterable[str]:
    """The table's lines, sorted."""
    return (name if name == pypi else f"{name}={pypi}" for name, pypi in sorted(names.items()))


def main(wheel: Path, date: str) -> None:
    """Write the table."""
    with zipfile.ZipFile(wheel) as archive:
        mapping = json.loads(archive.read(MAPPING))
    head = HEAD.format(wheel=wheel.name, mapping=MAPPING, date=date)
    TABLE.write_text(head + "\n".join(lines(table(mapping))) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
