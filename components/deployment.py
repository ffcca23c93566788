"""One deployment of an endpoint, from its spec and bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from azml.azure.endpoints import SERVES_TAG
from azml.server_owned import ignored_properties
from azml.specs import (
    Collection,
    CollectionData,
    DataCollector,
    DeploymentSpec,
    ProbeSettings,
    RequestSettings,
    ResourceRequirements,
    ResourceSettings,
    ScaleSettings,
    iso_duration,
)
from azml.stack.endpoint.scoring import Slot
from azml.stack.versions import deployment_id, endpoint_id

from .assets import Assets
from .component import Component


@dataclass(frozen=True, kw_only=True)
class DeploymentArgs:
    """The deployment in one slot of an endpoint, and the asset versions it uses.

    `environment_variables` are given to the scoring script in addition to those of the slot's file; the
    live-slot guard, which compares files, does not see them.
    """

    assets: Assets
    endpoint_name: pulumi.Input[str]
    slot: Slot
    environment_variables: Mapping[str, pulumi.Input[str]] | None = None


class Deployment(Component):
    """A deployment, which depends on the asset versions it uses.

    Azure cannot change an instance type in place, so an idle slot is deleted and created again. To protect a
    live one, let the deployment depend on `LiveSlots`, which refuses the change first.
    """

    resource: ml.OnlineDeployment
    """The deployment itself."""
    name: pulumi.Output[str]
    """Its name on its endpoint."""

    def __init__(self, name: str, args: DeploymentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("Deployment", name, opts)
        slot, workspace = args.slot, args.assets.workspace
        self.resource = ml.OnlineDeployment(
            name,
            deployment_name=slot.name,
            endpoint_name=args.endpoint_name,
            workspace_name=workspace.name,
            resource_group_name=workspace.resource_group,
            location=workspace.location,
            sku=ml.SkuArgs(name="Default", capacity=_first_count(slot)),
            properties=_properties(args),
            tags={**slot.spec.tags, **_retry_tags(args), SERVES_TAG: slot.bundle.serves},
            opts=self._child(
                pulumi.ResourceOptions(
                    depends_on=args.assets.versions_of(slot.bundle),
                    replace_on_changes=["properties.instanceType"],
                    delete_before_replace=True,
                    ignore_changes=_azures(slot.spec),
                )
            ),
        )
        self.name = pulumi.Output.from_input(slot.name)
        self.register_outputs({"name": slot.name, "serves": slot.bundle.serves})


def _first_count(slot: Slot) -> int:
    """How many instances a new deployment has; then the number is autoscaling's, if no file gives it."""
    return slot.spec.instance_count or (slot.scale.minimum if slot.scale else 1)


def _retry_tags(args: DeploymentArgs) -> dict[str, str]:
    """The retry tag of this deployment, if there is one and the endpoint's name is known."""
    workspace, endpoint = args.assets.workspace, args.endpoint_name
    if not isinstance(endpoint, str):
        return {}
    return workspace.retry_tags(deployment_id(endpoint_id(workspace.arm_id, endpoint), args.slot.name))


def _azures(spec: DeploymentSpec) -> list[str]:
    """What Azure changes itself, including the instance count where the file leaves it to autoscaling."""
    capacity = [] if spec.instance_count else ["sku.capacity"]
    return [*capacity, *ignored_properties(spec.properties)]


def _properties(args: DeploymentArgs) -> ml.ManagedOnlineDeploymentArgs | ml.KubernetesOnlineDeploymentArgs:
    """Typed args: the SDK has a union of the two kinds here, so dictionaries would be sent in snake case."""
    spec, made, assets = args.slot.spec, args.slot.bundle, args.assets
    code = ml.CodeConfigurationArgs(
        code_id=assets.arm_id(made.code, "code") if made.code else None,
        scoring_script=spec.scoring_script or "",
    )
    common = {
        "app_insights_enabled": spec.app_insights_enabled,
        "code_configuration": code if made.code else None,
        "data_collector": _collector(spec.data_collector, assets.workspace.arm_id),
        "description": spec.description,
        "environment_id": assets.arm_id(made.environment, "environment") if made.environment else None,
        "environment_variables": {**spec.environment_variables, **(args.environment_variables or {})},
        "instance_type": spec.instance_type,
        "liveness_probe": _probe(spec.liveness_probe),
        "model": assets.arm_id(made.model, "model") if made.model else None,
        "model_mount_path": spec.model_mount_path,
        "properties": spec.properties,
        "readiness_probe": _probe(spec.readiness_probe),
        "request_settings": _requests(spec.request_settings),
        "scale_settings": _scale(spec.scale_settings),
        "startup_probe": _probe(spec.startup_probe),
    }
    return _kubernetes(spec, common) if spec.kind == "kubernetes" else _managed(spec, common)


def _managed(spec: DeploymentSpec, common: dict[str, Any]) -> ml.ManagedOnlineDeploymentArgs:
    egress = spec.egress_public_network_access
    return ml.ManagedOnlineDeploymentArgs(
        endpoint_compute_type="Managed",
        egress_public_network_access=egress.capitalize() if egress else None,
        **common,
    )


def _kubernetes(spec: DeploymentSpec, common: dict[str, Any]) -> ml.KubernetesOnlineDeploymentArgs:
    return ml.KubernetesOnlineDeploymentArgs(
        endpoint_compute_type="Kubernetes",
        container_resource_requirements=_resources(spec.resources),
        **common,
    )


def _probe(probe: ProbeSettings | None) -> ml.ProbeSettingsArgs | None:
    if probe is None:
        return None
    return ml.ProbeSettingsArgs(
        initial_delay=iso_duration(seconds=probe.initial_delay or 0),
        period=iso_duration(seconds=probe.period or 0),
        timeout=iso_duration(seconds=probe.timeout or 0),
        success_threshold=probe.success_threshold,
        failure_threshold=probe.failure_threshold,
    )


def _requests(settings: RequestSettings | None) -> ml.OnlineRequestSettingsArgs | None:
    if settings is None:
        return None
    return ml.OnlineRequestSettingsArgs(
        request_timeout=iso_duration(milliseconds=settings.request_timeout_ms or 0),
        max_concurrent_requests_per_instance=settings.max_concurrent_requests_per_instance,
        max_queue_wait=iso_duration(milliseconds=settings.max_queue_wait_ms or 0),
    )


def _scale(
    settings: ScaleSettings | None,
) -> ml.DefaultScaleSettingsArgs | ml.TargetUtilizationScaleSettingsArgs | None:
    if settings is None:
        return None
    if settings.type == "default":
        return ml.DefaultScaleSettingsArgs(scale_type="Default")
    return ml.TargetUtilizationScaleSettingsArgs(
        scale_type="TargetUtilization",
        min_instances=settings.min_instances,
        max_instances=settings.max_instances,
        polling_interval=iso_duration(seconds=settings.polling_interval or 0),
        target_utilization_percentage=settings.target_utilization_percentage,
    )


def _collector(collector: DataCollector | None, workspace_id: str) -> ml.DataCollectorArgs | None:
    if collector is None:
        return None
    headers = collector.capture_headers
    return ml.DataCollectorArgs(
        collections={
            name: _collection(collection, collector.sampling_rate, workspace_id)
            for name, collection in collector.collections.items()
        },
        rolling_rate=collector.rolling_rate.capitalize() if collector.rolling_rate else None,
        request_logging=None if headers is None else ml.RequestLoggingArgs(capture_headers=list(headers)),
    )


def _collection(collection: Collection, sampling_rate: float | None, workspace_id: str) -> ml.CollectionArgs:
    """Without a data asset, Azure writes to the workspace's default datastore."""
    return ml.CollectionArgs(
        client_id=collection.client_id,
        data_collection_mode="Enabled" if collection.enabled else "Disabled",
        data_id=_data_id(collection.data, workspace_id),
        sampling_rate=sampling_rate,
    )


def _data_id(data: CollectionData | str | None, workspace_id: str) -> str | None:
    """The id of a registered data asset; version 1 if none is given, as in azure-ai-ml."""
    if isinstance(data, str):
        name, _, version = data.removeprefix("azureml:").partition(":")
        data = CollectionData(data_id=name) if "/" in name else CollectionData(name, version=version)
    if data is None or data.data_id or not data.name:
        return data.data_id if data else None
    return f"{workspace_id}/data/{data.name}/versions/{data.version or '1'}"


def _resources(needs: ResourceRequirements | None) -> ml.ContainerResourceRequirementsArgs | None:
    if needs is None:
        return None
    return ml.ContainerResourceRequirementsArgs(
        container_resource_requests=_quantities(needs.requests),
        container_resource_limits=_quantities(needs.limits),
    )


def _quantities(settings: ResourceSettings | None) -> ml.ContainerResourceSettingsArgs | None:
    if settings is None:
        return None
    return ml.ContainerResourceSettingsArgs(cpu=settings.cpu, memory=settings.memory, gpu=settings.gpu)
