"""What a deployment's ARM resource asks the data plane to run."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from azml.emulator.arm.errors import ArmError, bad_request
from azml.emulator.arm.ids import resource_id
from azml.emulator.arm.json import Json, section
from azml.emulator.arm.store import Record, ResourceStore
from azml.emulator.dataplane.contract import DesiredDeployment, Probe
from azml.emulator.machinelearning.collector import capture_headers, collected
from azml.emulator.machinelearning.containers import container_of
from azml.emulator.machinelearning.materialise import Materialiser, find_place
from azml.emulator.machinelearning.runs_here import check_runs_here

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
LONGEST_SECONDS = 86_400 * 365
TIMEOUT_LIMIT_MS = {"managed": 180_000, "kubernetes": 300_000}


@dataclass(frozen=True)
class Parts:
    """The registered assets a deployment names. No code means an MLflow model that serves itself."""

    model: Record | None
    code: Record | None
    environment: Record | None

    @property
    def mlflow(self) -> bool:
        """Whether Azure's own server serves the model without code."""
        own = self.environment and self.environment.properties.get("inferenceConfig")
        return self.code is None and not own


def find_parts(properties: Json, store: ResourceStore) -> Parts:
    """The registered assets. Raises ArmError 400 when one is missing or nothing can serve them."""
    code = section(properties, "codeConfiguration")
    parts = Parts(
        _asset(properties.get("model"), "models", store),
        _asset(code.get("codeId"), "codes", store),
        _asset(properties.get("environmentId"), "environments", store),
    )
    check_runs_here(properties, _properties(parts.model), _properties(parts.environment))
    if container_of(parts.environment, parts.model, parts.code, properties) is None:
        _check_server_has_work(parts)
    if parts.code:
        _check_script(code.get("scoringScript"))
    return parts


def needs_image(properties: Json, store: ResourceStore) -> bool:
    """Whether Azure would build an image: for a conda file, or for an MLflow model without code."""
    parts = find_parts(properties, store)
    conda = parts.environment and parts.environment.properties.get("condaFile")
    return bool(conda) or parts.mlflow


def environment_variables(properties: Json) -> dict[str, str]:
    """A deployment's environment variables as text, with what they ask for of secrets as it is written."""
    return {name: str(value) for name, value in section(properties, "environmentVariables").items()}


def request_timeout_ms(properties: Json) -> int:
    """The time a request may take, in milliseconds. Azure's default is 5 s."""
    return round(seconds(section(properties, "requestSettings").get("requestTimeout", "PT5S")) * 1_000)


def probe(properties: Json, name: str) -> Probe:
    """`livenessProbe` or `readinessProbe`, Azure's defaults where it says nothing."""
    told, default = section(properties, name), Probe()
    return Probe(
        initial_delay=seconds(told.get("initialDelay", default.initial_delay)),
        period=_pause(told.get("period", default.period)),
        timeout=_pause(told.get("timeout", default.timeout)),
        success_threshold=_count(told.get("successThreshold", default.success_threshold)),
        failure_threshold=_count(told.get("failureThreshold", default.failure_threshold)),
    )


def _pause(value: object) -> float:
    """A probe's period or timeout: at least a second (CLI v2 schema of managed online deployments)."""
    told = seconds(value)
    if told < 1:
        raise bad_request(f"A probe's '{value}' is too short: at least PT1S.", "ValidationError")
    return told


def seconds(value: object) -> float:
    """An ISO 8601 duration, as `PT1M30S`, in seconds. Raises ArmError 400."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_SECONDS:
        return float(value)
    matched = _DURATION.fullmatch(str(value)) if isinstance(value, str) else None
    if matched is None or not any(matched.groups()):
        raise bad_request(f"'{value}' is not an ISO 8601 duration such as PT5S.", "ValidationError")
    days, hours, minutes, rest = (float(part or 0) for part in matched.groups())
    told = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    if told > LONGEST_SECONDS:
        message = f"A duration of more than {LONGEST_SECONDS} seconds makes no sense here."
        raise bad_request(message, "ValidationError")
    return told


async def desire(record: Record, store: ResourceStore, materialiser: Materialiser) -> DesiredDeployment:
    """Lay out a deployment's files and say how it should run. Raises ArmError when they are not there."""
    properties = record.properties
    parts = find_parts(properties, store)
    model_folder, code_folder = await lay_out(assets_of(record), store, materialiser)
    code = section(properties, "codeConfiguration")
    settings = section(properties, "requestSettings")
    return DesiredDeployment(
        key=record.id.key,
        endpoint_key=resource_id(record.id.parent).key,
        name=record.id.name,
        compute=_compute(record, store),
        model_folder=model_folder,
        mlflow=parts.mlflow,
        code_folder=code_folder,
        scoring_script=code.get("scoringScript"),
        conda=_properties(parts.environment).get("condaFile"),
        image=_properties(parts.environment).get("image"),
        environment_variables=environment_variables(properties),
        instance_count=int(section(record.body, "sku").get("capacity", 1)),
        request_timeout_ms=request_timeout_ms(properties),
        max_concurrent_requests_per_instance=_count(settings.get("maxConcurrentRequestsPerInstance", 1)),
        liveness=probe(properties, "livenessProbe"),
        readiness=probe(properties, "readinessProbe"),
        collect=collected(properties),
        capture_headers=capture_headers(properties),
        container=container_of(parts.environment, parts.model, parts.code, properties),
    )


def assets_of(record: Record) -> Json:
    """The versions whose files a deployment is laid out from; a version cannot change."""
    code = section(record.properties, "codeConfiguration")
    return {"model": record.properties.get("model"), "code": code.get("codeId")}


async def lay_out(
    assets: Json, store: ResourceStore, materialiser: Materialiser
) -> tuple[Path | None, Path | None]:
    """The model's folder and the code's, laid out. Raises ArmError when a version or its files are gone."""
    model = _asset(assets["model"], "models", store)
    code = _asset(assets["code"], "codes", store)
    return (
        await _model_folder(model, store, materialiser),
        await _code_folder(code, store, materialiser),
    )


def _asset(reference: object, collection: str, store: ResourceStore) -> Record | None:
    if not reference:
        return None
    text = str(reference)
    if text.lower().startswith("azureml://registries/"):
        raise bad_request(f"'{text}' is in a registry; the local Azure has none.", "AssetNotFound")
    try:
        found = store.find(resource_id(text).text)
    except ArmError as error:
        raise bad_request(
            f"'{text}' is not the ARM id of a version in {collection}.", "InvalidAssetId"
        ) from error
    if found is None or not found.id.kind.endswith(f"/{collection}/versions"):
        raise bad_request(f"There is no version '{text}' in {collection}.", "AssetNotFound")
    return found


def _properties(version: Record | None) -> Json:
    return version.properties if version else {}


def _check_server_has_work(parts: Parts) -> None:
    """Azure's own server runs a scoring script, or an MLflow model."""
    if parts.code is None:
        if parts.model is None or parts.model.properties.get("modelType") != "mlflow_model":
            raise bad_request(
                "A deployment without codeConfiguration must have a model of type mlflow_model.",
                "ValidationError",
            )
    elif parts.environment is None:
        raise bad_request("A deployment with codeConfiguration needs environmentId.", "ValidationError")


def _check_script(script: object) -> None:
    if not isinstance(script, str) or not script:
        raise bad_request("codeConfiguration.scoringScript is missing.", "ValidationError")
    path = PurePosixPath(script)
    if path.is_absolute() or ".." in path.parts or "\0" in script:
        message = f"codeConfiguration.scoringScript '{script}' is not a path inside the code."
        raise bad_request(message, "ValidationError")


async def _model_folder(
    model: Record | None, store: ResourceStore, materialiser: Materialiser
) -> Path | None:
    if model is None:
        return None
    place = find_place(str(model.properties["modelUri"]), _workspace(model), store)
    return await materialiser.model(place, resource_id(model.id.parent).name, model.id.name)


async def _code_folder(code: Record | None, store: ResourceStore, materialiser: Materialiser) -> Path | None:
    if code is None:
        return None
    return await materialiser.code(find_place(str(code.properties["codeUri"]), _workspace(code), store))


def _compute(record: Record, store: ResourceStore) -> str | None:
    compute = store.get(record.id.parent).properties.get("compute")
    return str(compute).rpartition("/")[2] if compute else None


def _workspace(version: Record) -> str:
    return resource_id(resource_id(version.id.parent).parent).text


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise bad_request(f"{value!r} is not a whole number of at least 1.", "ValidationError")
