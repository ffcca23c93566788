"""Turns a deployment's ARM resource into its desired state for the data plane."""

from azml.emulator.contract.deployments import AppInsights, DesiredDeployment
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import section
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.collector import capture_headers, collected
from azml.emulator.control.machinelearning.containers import container_of
from azml.emulator.control.machinelearning.deployment_assets import DeploymentAssets, properties_of
from azml.emulator.control.machinelearning.deployment_files import DeploymentFiles
from azml.emulator.control.machinelearning.deployment_settings import (
    count,
    environment_variables,
    probe,
    request_timeout_ms,
)


def to_contract(
    record: Record,
    endpoint: Record,
    assets: DeploymentAssets,
    files: DeploymentFiles,
    insights: AppInsights | None,
) -> DesiredDeployment:
    """The desired state of a deployment whose files are in place. Raises ArmError for a wrong setting."""
    properties = record.properties
    code = section(properties, "codeConfiguration")
    settings = section(properties, "requestSettings")
    return DesiredDeployment(
        key=record.id.key,
        endpoint_key=endpoint.id.key,
        name=record.id.name,
        compute=_compute(endpoint),
        model_folder=files.model,
        mlflow=assets.mlflow,
        code_folder=files.code,
        scoring_script=code.get("scoringScript"),
        conda=properties_of(assets.environment).get("condaFile"),
        image=properties_of(assets.environment).get("image"),
        environment_variables=environment_variables(properties),
        instance_count=int(section(record.body, "sku").get("capacity", 1)),
        request_timeout_ms=request_timeout_ms(properties),
        max_concurrent_requests_per_instance=count(settings.get("maxConcurrentRequestsPerInstance", 1)),
        liveness=probe(properties, "livenessProbe"),
        readiness=probe(properties, "readinessProbe"),
        startup=probe(properties, "startupProbe") if properties.get("startupProbe") else None,
        collect=collected(properties),
        capture_headers=capture_headers(properties),
        container=container_of(assets.environment, assets.model, assets.code, properties),
        insights=insights,
    )


def insights_of(record: Record, store: ResourceStore, addresses: Addresses) -> AppInsights | None:
    """Where a deployment with `appInsightsEnabled` sends telemetry: the component of its workspace."""
    if not record.properties.get("appInsightsEnabled"):
        return None
    workspace = store.get(resource_id(resource_id(record.id.parent).parent).text)
    component = store.find(str(workspace.properties.get("applicationInsights") or ""))
    key = component.properties.get("InstrumentationKey") if component else None
    return AppInsights(str(key), f"{addresses.arm}/") if key else None


def _compute(endpoint: Record) -> str | None:
    compute = endpoint.properties.get("compute")
    return str(compute).rpartition("/")[2] if compute else None
