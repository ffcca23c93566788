"""An image without a conda file: what the deployment finds in it."""

import re

KNOWN = re.compile(
    r"mcr\.microsoft\.com/azureml/(?:curated/)?"
    r"(?:minimal-ubuntu2[02]\.04-py(?:3[89]-[\w.-]*|311-cpu-)|minimal-py31(?:1|2(?:-cuda[\d.]+)?)-|mlflow-py312-)"
    r"inference(?:[:@].*)?"
)
"""Microsoft's images for inference with known contents; the local Azure holds the table (`images.py`)."""


def image_notes(image: str) -> list[str]:
    """What to know of an environment that is an image alone: its packages are wherever the image is."""
    if KNOWN.fullmatch(image):
        return []
    return [
        f"there is no conda file: the packages are those of the image {image}, and a local stack does not "
        "have them; name what the scoring script imports in a conda_file"
    ]
