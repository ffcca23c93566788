"""Settings that contradict each other, whatever exists in Azure."""

from collections.abc import Iterable, Iterator

from azml.findings import Finding
from azml.roles import IMAGE_PULLER
from azml.stack.config.records import WorkspaceSettings
from azml.stack.endpoint.scoring import ServedEndpoint


def identity_faults(workspace: WorkspaceSettings, endpoints: Iterable[ServedEndpoint]) -> Iterator[Finding]:
    """What contradicts itself in the identities of the settings."""
    for served in endpoints:
        identity = served.access.identity
        if not identity.name or workspace.existing:
            continue
        if (
            identity.name == workspace.identity.name
            and identity.resource_group == workspace.identity.resource_group
        ):
            remedy = "give the endpoint another one: a scoring script should not act as the workspace"
            yield Finding(f"{identity.name!r} is also the workspace's identity", remedy, *identity.place)
        if workspace.container_registry.name is None:
            message = (
                f"{identity.name!r} needs the role {IMAGE_PULLER!r} at the workspace's container registry, "
                "which Azure creates with the first image, too late for a role"
            )
            remedy = "set containerRegistry in azml:workspace"
            yield Finding(message, remedy, *identity.place)


def egress_faults(workspace: WorkspaceSettings, endpoints: Iterable[ServedEndpoint]) -> Iterator[Finding]:
    """Deployments with a network of their own, in a workspace that has one for all of them.

    learn.microsoft.com, "Network isolation with managed online endpoints": `egress_public_network_access`
    belongs to the older way, a network for each deployment.
    """
    managed = workspace.managed_network
    if managed is None or not managed.isolates:
        return
    for served in endpoints:
        for slot in served.slots:
            if slot.spec.egress_public_network_access == "disabled":
                message = f"is disabled, and the workspace's managedNetwork ({managed.isolation}) decides"
                place = slot.spec.place("egress_public_network_access")
                yield Finding(message, "leave it out", *place)
