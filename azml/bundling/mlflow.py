"""Checks whether Azure can serve an MLflow model folder."""

from collections.abc import Collection
from pathlib import Path, PurePosixPath

from azml.findings import Finding
from azml.specs import Node, parse, read_text

PYFUNC = "python_function"


def is_mlflow(folder: Path) -> bool:
    """Whether a folder looks like an MLflow model."""
    return (folder / "MLmodel").is_file()


def check_mlflow(folder: Path, deployed: Collection[str], findings: list[Finding]) -> None:
    """Azure serves an MLflow model by its `python_function` flavor, in the environment that the flavor names.

    `deployed` are the paths of the files that no ignore file leaves out.
    """
    file = folder / "MLmodel"
    if not file.is_file():
        message = "is not an MLflow model: there is no file MLmodel in it"
        findings.append(Finding(message, "point path: at the folder that mlflow.save_model wrote", folder))
        return
    if "MLmodel" not in deployed:
        findings.append(
            Finding("is left out by an ignore file", "include it with a line that begins with !", file)
        )
        return
    text = read_text(file, findings)
    root = None if text is None else parse(text, file, findings)
    if root is None:
        return
    flavors = root.value.get("flavors") if root.is_table else None
    if flavors is None or not flavors.is_table:
        findings.append(Finding("has no flavors", "save the model again with mlflow", file, root.line))
    elif PYFUNC not in flavors.value:
        found = ", ".join(map(str, flavors.value)) or "none"
        remedy = (
            "save it with mlflow.<flavor>.save_model, which adds it, or wrap it in a PythonModel; "
            "or write a score.py and deploy it as type: custom_model"
        )
        findings.append(flavors.wrong(f"there is no {PYFUNC} flavor, only {found}", remedy))
    else:
        _check_pyfunc(flavors.value[PYFUNC], folder, deployed, findings)


def _check_pyfunc(flavor: Node, folder: Path, deployed: Collection[str], findings: list[Finding]) -> None:
    """Check the flavor's loader, and the files and folders it needs."""
    if not flavor.is_table or "loader_module" not in flavor.value:
        findings.append(flavor.wrong("has no loader_module", "save the model again with mlflow"))
        return
    env = flavor.value.get("env")
    named = [flavor.value.get("data"), flavor.value.get("model_path"), flavor.value.get("code")]
    named += list(env.value.values()) if env is not None and env.is_table else [env]
    for node in named:
        if node is None or not isinstance(node.value, str) or _is_there(node.value, deployed):
            continue
        if folder in (folder / node.value).parents and (folder / node.value).exists():
            findings.append(
                node.wrong(
                    f"{node.value} is left out by an ignore file", "include it with a line that begins with !"
                )
            )
        else:
            findings.append(node.wrong(f"there is no {node.value} in the model", "save the model again"))


def _is_there(name: str, deployed: Collection[str]) -> bool:
    """Whether a file or a folder of this name is among the deployed files."""
    path = str(PurePosixPath(name))
    return path == "." or path in deployed or any(one.startswith(f"{path}/") for one in deployed)
