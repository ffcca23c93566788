"""An online deployment file, key by key."""

from pathlib import Path

from azml import rules
from azml.findings import Finding

from .assets import read_code, read_environment, read_model
from .document import Node
from .endpoint import ACCESS, read_name
from .records import Access, AssetReference, DeploymentSpec, Kind, ResourceRequirements, Source
from .settings import read_collector, read_probe, read_requests, read_resources, read_scaling
from .table import Table

KINDS: tuple[Kind, ...] = ("managed", "kubernetes")
READ_ONLY = ("$schema", "id", "provisioning_state", "creation_context")
REFUSED = {"private_network_connection": "use egress_public_network_access: disabled"}
NAMES_TOGETHER = (6, 62)  # characters: Kubernetes combines the names of endpoint and deployment


def read_deployment(root: Node, folder: Path, source: Source, findings: list[Finding]) -> DeploymentSpec:
    """The deployment a document describes; paths are relative to `folder`."""
    table = Table(root, findings)
    kind = _kind(table)
    code, script = read_code(table, folder)
    spec = DeploymentSpec(
        name=read_name(table, "name"),
        endpoint_name=_endpoint_name(table),
        kind=kind,
        model=read_model(table, folder),
        code=code,
        scoring_script=script,
        environment=read_environment(table, folder),
        instance_type=table.text("instance_type", required=kind == "managed"),
        instance_count=table.integer("instance_count", 1),
        environment_variables=table.texts("environment_variables"),
        app_insights_enabled=table.flag("app_insights_enabled") or False,
        request_settings=read_requests(table, kind),
        liveness_probe=read_probe(table, "liveness_probe"),
        readiness_probe=read_probe(table, "readiness_probe"),
        startup_probe=read_probe(table, "startup_probe"),
        scale_settings=read_scaling(table, kind),
        egress_public_network_access=_egress(table, kind),
        data_collector=read_collector(table),
        resources=_resources(table, kind),
        model_mount_path=table.text("model_mount_path"),
        tags=table.texts("tags"),
        properties=table.texts("properties"),
        description=table.text("description"),
        source=source,
    )
    table.finish(ignored=READ_ONLY, refused=REFUSED)
    if kind == "kubernetes":
        _check_kubernetes(table, spec)
    return spec


def _endpoint_name(table: Table) -> str:
    """The endpoint's name, as written: azure-ai-ml lowers it only in the endpoint file."""
    name = table.text("endpoint_name", required=True)
    if name is not None and not rules.RESOURCE.accepts(name):
        remedy = rules.RESOURCE.words
        table.findings.append(
            table.node.value["endpoint_name"].wrong(f"{name!r} is not a name that Azure accepts", remedy)
        )
    return name or ""


def _kind(table: Table) -> Kind:
    """Managed unless `type` is `kubernetes`; azure-ai-ml reads `Kubernetes` as managed, so case matters."""
    kind = table.choice("type", KINDS) or "managed"
    node = table.node.value.get("type")
    if kind == "kubernetes" and node is not None and node.value != kind:
        table.findings.append(node.wrong(f"azure-ai-ml reads {node.value!r} as managed", "write kubernetes"))
    return kind


def _egress(table: Table, kind: Kind) -> Access | None:
    """Outbound access, a setting of managed deployments."""
    if kind == "kubernetes":
        return None
    return table.choice("egress_public_network_access", ACCESS)


def _resources(table: Table, kind: Kind) -> ResourceRequirements | None:
    """Container resources, a setting of Kubernetes deployments."""
    return read_resources(table) if kind == "kubernetes" else None


def _check_kubernetes(table: Table, spec: DeploymentSpec) -> None:
    """Findings for what Kubernetes deployments do not support."""
    low, high = NAMES_TOGETHER
    if spec.name and spec.endpoint_name and not low <= len(spec.name) + len(spec.endpoint_name) <= high:
        remedy = f"{low} to {high} characters together on Kubernetes"
        table.findings.append(
            table.node.value["name"].wrong("is too long together with the endpoint's name", remedy)
        )
    for key, asset in (
        ("model", spec.model),
        ("environment", spec.environment),
        ("code_configuration", spec.code),
    ):
        if isinstance(asset, AssetReference) and asset.registry:
            remedy = "copy it into the workspace"
            table.findings.append(
                table.node.value[key].wrong("Kubernetes endpoints cannot use assets of a registry", remedy)
            )
