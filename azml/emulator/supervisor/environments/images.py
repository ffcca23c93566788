"""What Microsoft's prebuilt images for inference contain, for deployments that name one and no conda file.

Read on 2026-11-25 in github.com/Azure/azureml-assets, assets/inference/environments/*/context, from which
the images are built. They are published at mcr.microsoft.com/azureml/ and mcr.microsoft.com/azureml/curated/.
"""

import re
from dataclasses import dataclass

_PLACE = re.compile(
    r"mcr\.microsoft\.com/azureml/(?:curated/)?(?P<name>[\w.-]+?)(?::[\w.-]+)?(?:@sha256:\w+)?"
)
_SERVER = "azureml-inference-server-http"
_MINIMAL_311 = (
    "azureml-defaults",
    _SERVER,
    "azure-storage-blob",
    "azure-identity",
    "numpy",
    "joblib",
)
_MLFLOW = (_SERVER, "azureml-ai-monitoring", "mlflow", "scikit-learn", "cloudpickle", "psutil", "pandas")
_CONTENTS = (
    (re.compile(r"minimal-ubuntu2[02]\.04-py(?P<minor>3[89])-.*inference"), (_SERVER,)),
    (re.compile(r"minimal-ubuntu2[02]\.04-py(?P<minor>311)-cpu-inference"), (_SERVER, "numpy==1.26.4")),
    (re.compile(r"minimal-py(?P<minor>311)-inference"), _MINIMAL_311),
    (re.compile(r"minimal-py(?P<minor>312)(?:-cuda[\d.]+)?-inference"), (_SERVER, "numpy")),
    (re.compile(r"mlflow-py(?P<minor>312)-inference"), (*_MLFLOW, "numpy", "joblib")),
)


@dataclass(frozen=True)
class Contents:
    """An image's Python packages, as pip asks for them, and its Python."""

    lines: tuple[str, ...]
    python: str


def contents_of(image: str) -> Contents | None:
    """What an image contains; None where that is not known."""
    place = _PLACE.fullmatch(image)
    for pattern, lines in _CONTENTS if place else ():
        if place and (found := pattern.fullmatch(place["name"])):
            return Contents(lines, f"3.{found['minor'][1:]}")
    return None


def unknown(image: str) -> str:
    """The sentence about an image whose packages are not known here."""
    return f"the deployment has no conda file, and the packages of its image {image} are not known here"
