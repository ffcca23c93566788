"""Notes on environments that are an image without a conda file."""

import re

KNOWN = re.compile(
    r"mcr\.microsoft\.com/azureml/(?:curated/)?"
    r"(?:minimal-ubuntu2[02]\.04-py(?:3[89]-[\w.-]*|311-cpu-)|minimal-py31(?:1|2(?:-cuda[\d.]+)?)-|mlflow-py312-)"
    r"inference(?:[:@].*)?"
)
"""Microsoft's inference images with known contents; the local Azure has the table (`images.py`)."""


def image_notes(image: str) -> list[str]:
    """Notes on an environment that is only an image: its packages are in the image alone."""
    if KNOWN.fullmatch(image):
        return []
    return [
        f"there is no conda file: the packages are those of the image {image}, and a local stack does not "
        "have them; name what the scoring script imports in a conda_file"
    ]
