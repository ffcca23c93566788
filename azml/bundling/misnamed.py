"""Package names that are commonly confused with others."""

from packaging.utils import canonicalize_name

from azml.findings import Finding
from azml.specs import Node

MISNAMED = {
    "sklearn": "scikit-learn",
    "scikitlearn": "scikit-learn",
    "scikit-lean": "scikit-learn",
    "scikit-lear": "scikit-learn",
    "sckit-learn": "scikit-learn",
    "skit-learn": "scikit-learn",
    "pil": "pillow",
    "cv2": "opencv-python-headless",
    "yaml": "pyyaml",
    "pandsa": "pandas",
    "padnas": "pandas",
    "nunpy": "numpy",
    "numpi": "numpy",
    "ml-flow": "mlflow",
    "tensorfow": "tensorflow",
    "azureml-default": "azureml-defaults",
    "azureml-inference-server": "azureml-inference-server-http",
    "azureml-inference-http-server": "azureml-inference-server-http",
    "azureml-inferece-server-http": "azureml-inference-server-http",
}


def known_wrong(item: Node, name: str, findings: list[Finding]) -> bool:
    """Whether a package's name is known to be wrong; if so, adds a finding."""
    meant = MISNAMED.get(canonicalize_name(name))
    if meant:
        findings.append(item.wrong(f"{name!r} is not the package", f"did you mean {meant!r}?"))
    return bool(meant)
