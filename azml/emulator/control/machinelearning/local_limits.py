"""What Azure can run and this machine cannot. Reported at the PUT, before anything is started."""

import re
from collections.abc import Callable

from azml.emulator.base.container_engine import REMEDY, ContainerEngine, EngineFailure, find_engine
from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.json import Json, section

_GPU_SIZES = re.compile(r"standard_n[cdgv]\w*", re.I)
"""Azure's sizes with a graphics processor: the families NC, ND, NG and NV."""
_PUBLIC = frozenset(
    ("mcr.microsoft.com", "docker.io", "ghcr.io", "quay.io", "nvcr.io", "gcr.io", "public.ecr.aws")
)
"""Registries with public access."""


def check_local_limits(
    properties: Json, model: Json, environment: Json, find: Callable[[], ContainerEngine] = find_engine
) -> None:
    """Raise ArmError 400 for a deployment that needs something the local Azure lacks.

    `properties` are the deployment's, `model` and `environment` those of the versions it names. `find` looks
    for a container engine, and is called only for a custom container.
    """
    _check_model(model)
    _check_environment(environment, find)
    if properties.get("codeConfiguration"):
        _check_image(environment, find)
    _check_processor(properties)


def _check_model(model: Json) -> None:
    if model.get("modelType") == "triton_model":
        raise _refusal(
            "The model is a triton_model, served by NVIDIA's Triton server in a container of its own",
            "UnsupportedModelType",
            "a custom_model with a scoring script, or an mlflow_model, runs here",
        )


def _check_environment(environment: Json, find: Callable[[], ContainerEngine]) -> None:
    if environment.get("build"):
        raise _refusal(
            "The environment is a custom container that Azure builds (it has a build context)",
            "UnsupportedEnvironment",
            "build the image yourself and name it, or name one with a conda file and a scoring script",
        )
    if not environment.get("inferenceConfig"):
        return
    try:
        find()
    except EngineFailure as reason:
        raise _refusal(
            f"The environment is a custom container (it has inferenceConfig), and {reason}",
            "UnsupportedEnvironment",
            f"{REMEDY}, and it runs here too; without, an image with a conda file and a scoring script does",
        ) from reason


def _check_image(environment: Json, find: Callable[[], ContainerEngine]) -> None:
    """An image of the user's own, without a conda file that says what is in it."""
    image = str(environment.get("image") or "")
    host, slash, _ = image.partition("/")
    private = bool(slash) and ("." in host or ":" in host) and host.lower() not in _PUBLIC
    if not private or environment.get("condaFile") or environment.get("inferenceConfig"):
        return
    try:
        find()
    except EngineFailure as reason:
        raise _refusal(
            f"The image {image} is from a registry of your own, there is no conda file, and {reason}",
            "UnsupportedEnvironment",
            "a conda file that lists what the scoring script imports lets it run here too",
        ) from reason


def _check_processor(properties: Json) -> None:
    size = str(properties.get("instanceType", ""))
    if _GPU_SIZES.fullmatch(size):
        raise _refusal(
            f"The instance type {size} has a GPU",
            "UnsupportedInstanceType",
            "for this machine choose a size without one, such as Standard_D4as_v4",
        )
    asked = section(properties, "containerResourceRequirements")
    for name in ("containerResourceRequests", "containerResourceLimits"):
        gpu = str(section(asked, name).get("gpu", "0"))
        if gpu not in ("", "0"):
            raise _refusal(
                f"{name} asks for {gpu} GPU", "UnsupportedInstanceType", "for this machine leave gpu out"
            )


def _refusal(what: str, code: str, instead: str) -> ArmError:
    message = (
        f"{what}. The local Azure runs scoring processes on this machine's processors: unchanged, this "
        f"deployment runs on Azure itself; {instead}."
    )
    return bad_request(message, code)
