"""Hints on how to fix the most common first failures of a scoring script."""

import re
from collections.abc import Iterator
from pathlib import Path

from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.supervisor.environments.images import contents_of, unknown

_MODULE = re.compile(r"(?:ModuleNotFoundError: No module named|ImportError: cannot import name) '([\w.]+)'")
_REFUSED = re.compile(r"PermissionError: \[Errno 13\][^'\n]*'([^'\n]+)'")
_SHOWN = 8


def hints(desired: DesiredDeployment, failure: str) -> str:
    """Lines to add to the text of a failure; empty without a hint."""
    return "".join(f"\nazml: {hint}" for hint in _hints(desired, failure))


def _hints(desired: DesiredDeployment, failure: str) -> Iterator[str]:
    if desired.model_folder:
        yield from _missing_file(desired.model_folder, failure)
    if refused := _REFUSED.search(failure):
        yield (
            f"a scoring script may not open {refused[1]} this way: it can write to its model and code "
            "folders, HOME and temporary folders, and read what you can read, except the local Azure's files"
        )
    module = _MODULE.search(failure)
    if module:
        yield from _missing_module(desired, module[1].partition(".")[0])


def _missing_file(folder: Path, failure: str) -> Iterator[str]:
    """The model's path is part of the path below AZUREML_MODEL_DIR: `model/model.pkl`."""
    for found in re.finditer(rf"{re.escape(str(folder))}/([^'\"\n]+)", failure):
        if (folder / found[1]).exists():
            continue
        there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        same = [path for path in there if path.endswith(f"/{found[1]}")]
        same = same or [path for path in there if Path(path).name == Path(found[1]).name]
        where = f"it is at {same[0]}" if same else f"there is {', '.join(there[:_SHOWN])}"
        yield f"there is no {found[1]} below AZUREML_MODEL_DIR; {where}"
        return


def _missing_module(desired: DesiredDeployment, module: str) -> Iterator[str]:
    if desired.image and not desired.conda and not desired.mlflow:
        known = contents_of(desired.image)
        held = f"the image {desired.image} is known to hold {', '.join(known.lines)}" if known else None
        yield f"{held or unknown(desired.image)}: give the environment a conda_file that has {module}"
    script = Path(desired.scoring_script or "")
    above = desired.code_folder if len(script.parts) > 1 else None
    if above and any((above / name).exists() for name in (module, f"{module}.py")):
        yield (
            f"{module} is in the code folder, and the script runs in {script.parent}: as on Azure, a "
            "scoring script imports modules from its own folder"
        )
