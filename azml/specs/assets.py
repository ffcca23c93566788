"""The model, code and environment of a deployment file: registered ones by reference, local ones by path."""

import re
from contextlib import suppress
from pathlib import Path

import yaml

from azml import rules

from .document import Node, read_text
from .records import (
    AssetReference,
    InferenceConfig,
    LocalCode,
    LocalEnvironment,
    LocalModel,
    ModelType,
    Route,
)
from .references import PREFIX, is_reference, parse_reference, unregistered
from .table import Table

MODEL_TYPES: tuple[ModelType, ...] = ("custom_model", "mlflow_model", "triton_model")
READ_ONLY = ("id", "creation_context", "latest_version", "$schema")
FORMS = "azureml:name:version, azureml:name@label, azureml:name, or a full id after azureml: or azureml://"
REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|runs:/|models:/|file:", re.IGNORECASE)
REGISTERED = (PREFIX, "/subscriptions/", "subscriptions/")
REGISTER = "register it first, and refer to it as azureml:name:version"
NOT_CARRIED = ("datastore", "stage", "flavors", "system_metadata", "default_deployment_template")
MODEL_REFUSED = dict.fromkeys((*NOT_CARRIED, "allowed_deployment_templates"), REGISTER)
ENVIRONMENT_REFUSED = {
    "build": "build and push the image, and give its name in image:",
    "datastore": "it serves build contexts only",
    "auto_delete_setting": "set it on a registered environment",
    "channels": "channels and dependencies belong in the conda file",
    "dependencies": "channels and dependencies belong in the conda file",
}


def read_model(table: Table, folder: Path) -> LocalModel | AssetReference | None:
    """The `model` key: a reference, or a mapping with a local path."""
    node = table.get("model")
    if node is None:
        return None
    if not node.is_table:
        if isinstance(node.value, str) and (fault := unregistered(node.value)):
            table.findings.append(node.wrong(*fault))
            return None
        return _reference(table, node, "models", "or a mapping with path: and type:")
    model = Table(node, table.findings)
    found = LocalModel(
        path=_local_path(model, "path", folder) or folder,
        name=_asset_name(model, "name"),
        version=_asset_version(model),
        type=model.choice("type", MODEL_TYPES) or "custom_model",
        description=model.text("description"),
        tags=model.texts("tags"),
        properties=model.texts("properties"),
    )
    model.finish(
        ignored=(*READ_ONLY, "utc_time_created", "job_name", "intellectual_property"), refused=MODEL_REFUSED
    )
    return found


def read_code(table: Table, folder: Path) -> tuple[LocalCode | AssetReference | None, str | None]:
    """The `code_configuration` key: the code, and the scoring script relative to it (POSIX)."""
    settings = table.table("code_configuration")
    if settings is None:
        return None, None
    script = settings.text("scoring_script", required=True)
    node = settings.node.value.get("code")
    if node is not None and str(node.value).startswith(REGISTERED):
        settings.known.add("code")
        code: LocalCode | AssetReference | None = _reference(table, node, "codes", "or a path")
    else:
        path = _local_path(settings, "code", folder)
        code = None if path is None else LocalCode(path)
    settings.finish(ignored=("$schema",))
    return code, script


def read_environment(table: Table, folder: Path) -> LocalEnvironment | AssetReference | None:
    """The `environment` key: a reference, or a mapping with an image and perhaps a conda file."""
    node = table.get("environment")
    if node is None:
        return None
    if not node.is_table:
        return _reference(table, node, "environments", "or a mapping with image: and conda_file:")
    settings = Table(node, table.findings)
    conda, conda_file = _conda(settings, folder)
    settings.choice("os_type", ("linux",))
    routes = _inference_config(settings)
    if node.value.get("conda_file") is not None and routes is not None:
        remedy = "such an image runs as it is: install the packages in it, or leave out inference_config"
        settings.findings.append(
            node.value["conda_file"].wrong("cannot be combined with inference_config", remedy)
        )
    found = LocalEnvironment(
        image=settings.text("image"),
        conda=conda,
        conda_file=conda_file,
        name=_asset_name(settings, "name"),
        version=_asset_version(settings),
        inference_config=routes,
        description=settings.text("description"),
        tags=settings.texts("tags"),
    )
    settings.finish(ignored=(*READ_ONLY, "intellectual_property"), refused=ENVIRONMENT_REFUSED)
    return found


def _local_path(table: Table, key: str, folder: Path) -> Path | None:
    """The path at `key`, which is required; None with a finding for what cannot be a path on this machine."""
    path = table.text(key, required=True)
    if path is None:
        return None
    node = table.node.value[key]
    if not path:
        table.findings.append(node.wrong("is empty", "a path is relative to this file"))
        return None
    if is_reference(path) or REMOTE.match(path):
        fault = unregistered(path) if table.node.key == "model" else None
        table.findings.append(node.wrong(*(fault or ("is not a path on this machine", REGISTER))))
        return None
    return _resolve(table, node, folder, path)


def _resolve(table: Table, node: Node, folder: Path, path: str) -> Path | None:
    """`path` as azure-ai-ml resolves it: an absolute one unchanged, others relative to the file's folder."""
    try:
        found = Path(path) if Path(path).is_absolute() else (folder / path).resolve()
        # A name that is too long, or has a NUL, and a link to itself are told from a missing file.
        with suppress(FileNotFoundError, NotADirectoryError):
            found.stat()
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        table.findings.append(
            node.wrong(f"cannot be used as a path: {reason}", "a path is relative to this file")
        )
        return None
    return found


def _reference(table: Table, node: Node, kind: str, otherwise: str) -> AssetReference | None:
    """The reference that a string contains."""
    text = table.expect(node, str, "text", FORMS)
    if text is None:
        return None
    found = parse_reference(
        text if is_reference(text) else f"azureml:{text}" if kind == "codes" else text, kind
    )
    if found is None:
        table.findings.append(
            node.wrong(f"{text!r} does not refer to a registered asset", f"{FORMS}; {otherwise}")
        )
    return found


def _asset_name(table: Table, key: str) -> str | None:
    name = table.text(key)
    if name is not None and not rules.ASSET.accepts(name):
        table.findings.append(
            table.node.value[key].wrong(f"{name!r} is not a name that Azure accepts", rules.ASSET.words)
        )
    return name


def _asset_version(table: Table) -> str | None:
    """The version; it needs a name, and may have only characters allowed in an asset's id."""
    version = table.version("version")
    if version is None:
        return None
    node = table.node.value["version"]
    if not rules.ASSET.accepts(version):
        table.findings.append(
            node.wrong(f"{version!r} is not a version that Azure accepts", rules.ASSET.words)
        )
    if "name" not in table.node.value:
        table.findings.append(node.wrong("needs a name", "add name:, or leave out the version"))
    return version


def _conda(table: Table, folder: Path) -> tuple[str | None, Path | None]:
    """The text of the conda file and its path; None for the path when it is written inline."""
    node = table.get("conda_file")
    if node is None:
        return None, None
    if node.is_table:
        return yaml.safe_dump(node.plain(), sort_keys=False, allow_unicode=True), None
    path = table.expect(node, str, "a path or a mapping", "the path of a conda file, or its contents")
    if path is None:
        return None, None
    file = _resolve(table, node, folder, path)
    if file is None:
        return None, None
    if not file.is_file():
        table.findings.append(node.wrong(f"there is no file {file}", "a path is relative to this file"))
        return None, file
    return read_text(file, table.findings), file


def _inference_config(table: Table) -> InferenceConfig | None:
    """The routes of a custom container: all three are needed."""
    settings = table.table("inference_config")
    if settings is None:
        return None
    routes = [_route(settings, name) for name in ("liveness_route", "readiness_route", "scoring_route")]
    settings.finish()
    liveness, readiness, scoring = routes
    if liveness is None or readiness is None or scoring is None:
        return None
    return InferenceConfig(liveness, readiness, scoring)


def _route(table: Table, name: str) -> Route | None:
    table.get(name, required=True)
    route = table.table(name) if table.node.value.get(name) is not None else None
    if route is None:
        return None
    route.get("port", required=True)
    port, path = route.integer("port", 1, 65535), route.text("path", required=True)
    route.finish()
    return Route(port, path) if port is not None and path is not None else None
