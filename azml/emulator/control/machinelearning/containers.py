"""Custom containers, as an environment's inferenceConfig and a deployment define them."""

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from azml.emulator.contract.deployments import CustomContainer, Route
from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.store import Record

_APP = "/var/azureml-app"
_MODELS = f"{_APP}/azureml-models"
"""Where Azure mounts `<model>/<version>`, unless modelMountPath says where: "Deploy a custom container"."""
# No spaces or control characters: it becomes part of a request's first line.
_PATH = re.compile(r"/[!-~]*")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")


def container_of(
    environment: Record | None, model: Record | None, code: Record | None, properties: Json
) -> CustomContainer | None:
    """The custom container of a deployment with these properties, None when it has none.

    Raises ArmError 400 when a setting is not valid.
    """
    if environment is None or not environment.properties.get("inferenceConfig"):
        return None
    config = section(environment.properties, "inferenceConfig")
    return CustomContainer(
        image=_image(environment.properties.get("image")),
        liveness=_route(config, "livenessRoute"),
        readiness=_route(config, "readinessRoute"),
        scoring=_route(config, "scoringRoute"),
        model_at=model_at(model, properties.get("modelMountPath")) if model else None,
        code_at=code_at(code) if code else None,
    )


def model_at(model: Record, mount: object) -> str:
    """The path of a model in its container. `mount` is the deployment's modelMountPath, if it has one."""
    place = PurePosixPath(str(mount or _MODELS))
    if not place.is_absolute() or ".." in place.parts or not str(place).isprintable():
        message = f"modelMountPath '{mount}' is not an absolute path in the container."
        raise bad_request(message, "ValidationError")
    return str(place / resource_id(model.id.parent).name / model.id.name)


def code_at(code: Record) -> str:
    """The path of the code in its container, which is named after the uploaded folder."""
    return f"{_APP}/{PurePosixPath(urlsplit(str(code.properties['codeUri'])).path).name}"


def _image(image: object) -> str:
    if isinstance(image, str) and _IMAGE.fullmatch(image):
        return image
    raise bad_request(f"{image!r} is not the name of an image.", "ValidationError")


def _route(config: Json, name: str) -> Route:
    route = section(config, name)
    port, path = route.get("port"), route.get("path")
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65_535:
        message = f"inferenceConfig.{name}.port is {port!r}: it must be a number from 1 to 65535."
        raise bad_request(message, "ValidationError")
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        message = f"inferenceConfig.{name}.path is {path!r}: it must be a URL path that begins with a slash."
        raise bad_request(message, "ValidationError")
    return Route(port, path)
