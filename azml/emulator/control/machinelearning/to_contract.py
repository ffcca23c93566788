"""From a deployment's ARM resource to what the data plane is asked to run."""

from azml.emulator.contract.deployments import DesiredDeployment
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.collector import capture_headers, collected
from azml.emulator.control.machinelearning.containers import container_of
from azml.emulator.control.machinelearning.deployment_assets import find_assets, properties_of
from azml.emulator.control.machinelearning.deployment_files import file_sources, lay_out
from azml.emulator.control.machinelearning.deployment_settings import (
    count,
    environment_variables,
    probe,
    request_timeout_ms,
)
from azml.emulator.control.machinelearning.materialise import Materialiser


async def to_contract(record: Record, store: ResourceStore, materialiser: Materialiser) -> DesiredDeployment:
    """Lay out a deployment's files and say how it should run. Raises ArmError when they are not there."""
    properties = record.properties
    parts = find_assets(properties, store)
    model_folder, code_folder = await lay_out(file_sources(record), store, materialiser)
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
        conda=properties_of(parts.environment).get("condaFile"),
        image=properties_of(parts.environment).get("image"),
        environment_variables=environment_variables(properties),
        instance_count=int(section(record.body, "sku").get("capacity", 1)),
        request_timeout_ms=request_timeout_ms(properties),
        max_concurrent_requests_per_instance=count(settings.get("maxConcurrentRequestsPerInstance", 1)),
        liveness=probe(properties, "livenessProbe"),
        readiness=probe(properties, "readinessProbe"),
        collect=collected(properties),
        capture_headers=capture_headers(properties),
        container=container_of(parts.environment, parts.model, parts.code, properties),
    )


def _compute(record: Record, store: ResourceStore) -> str | None:
    compute = store.get(record.id.parent).properties.get("compute")
    return str(compute).rpartition("/")[2] if compute else None
