"""The compute cluster that builds images where Azure's own builds cannot reach the registry."""

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from azml.stack.config.private_endpoints import BuildCompute


def build_cluster(
    settings: BuildCompute,
    resource_group: str,
    workspace: str,
    location: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> ml.Compute:
    """A cluster of the workspace, with no machine while there is nothing to build."""
    scale = ml.ScaleSettingsArgs(min_node_count=0, max_node_count=1, node_idle_time_before_scale_down="PT10M")
    return ml.Compute(
        settings.name,
        compute_name=settings.name,
        workspace_name=workspace,
        resource_group_name=resource_group,
        location=location,
        properties=ml.AmlComputeArgs(
            compute_type="AmlCompute",
            properties=ml.AmlComputePropertiesArgs(
                vm_size=settings.size, vm_priority="Dedicated", scale_settings=scale
            ),
        ),
        opts=opts,
    )
