"""An online endpoint file, key by key."""

from azml import rules
from azml.findings import Finding

from .document import Node
from .records import Access, AuthMode, EndpointSpec, Identity, IdentityType, Kind, Shares, Source
from .references import PREFIX
from .table import Table, snake

# Keys that `az ml online-endpoint show` prints and that a file may keep; Azure sets them itself.
READ_ONLY = ("$schema", "id", "kind", "provisioning_state", "scoring_uri", "openapi_uri", "location")
ENDPOINT_KEYS = frozenset(
    (
        *READ_ONLY,
        *("name", "compute", "auth_mode", "description", "public_network_access", "identity"),
        *("traffic", "mirror_traffic", "tags", "properties"),
    )
)
"""Every key that an endpoint file may have."""
REFUSED = {
    "deployments": "give each deployment a file of its own, as blue.yml; the stack config names the slots",
    "deployment": "give it a file of its own, as blue.yml; the stack config names the slots",
}
AUTH_MODES: tuple[AuthMode, ...] = ("key", "aml_token", "aad_token")
IDENTITIES: tuple[IdentityType, ...] = ("system_assigned", "user_assigned", "none")
ACCESS: tuple[Access, ...] = ("enabled", "disabled")


def read_endpoint(root: Node, source: Source, findings: list[Finding]) -> EndpointSpec:
    """The endpoint that a document describes; a Kubernetes endpoint when it names a compute."""
    table = Table(root, findings)
    compute = read_compute(table)
    kind: Kind = "kubernetes" if "compute" in root.value else "managed"
    auth_mode = table.choice("auth_mode", AUTH_MODES, snake) or "key"
    if auth_mode == "aad_token" and kind == "kubernetes":
        findings.append(
            root.value["auth_mode"].wrong("Kubernetes endpoints do not support aad_token", "key or aml_token")
        )
    access = table.choice("public_network_access", ACCESS) if kind == "managed" else None
    traffic, mirror = read_shares(table, "traffic"), read_shares(table, "mirror_traffic")
    check_traffic(table, kind, traffic, mirror)
    spec = EndpointSpec(
        name=read_name(table, "name"),
        kind=kind,
        auth_mode=auth_mode,
        description=table.text("description"),
        tags=table.texts("tags"),
        properties=table.texts("properties"),
        compute=compute,
        identity=read_identity(table),
        public_network_access=access,
        traffic=traffic,
        mirror_traffic=mirror,
        source=source,
    )
    table.finish(ignored=READ_ONLY, refused=REFUSED)
    return spec


def read_name(table: Table, key: str) -> str:
    """The name of an endpoint or deployment, in lower case: Azure treats `Blue` and `blue` as the same."""
    name = table.text(key, required=True)
    if name is None:
        return ""
    if not rules.RESOURCE.accepts(name):
        table.findings.append(
            table.node.value[key].wrong(f"{name!r} is not a name that Azure accepts", rules.RESOURCE.words)
        )
    return name.lower()


def read_compute(table: Table) -> str | None:
    """The attached Kubernetes compute, by name or full id."""
    name = table.text("compute")
    if name is None or (name.startswith(PREFIX) and name != PREFIX):
        return name.removeprefix(PREFIX) if name else None
    table.findings.append(
        table.node.value["compute"].wrong(f"{name!r} does not name a compute", "azureml:<compute name>")
    )
    return None


def read_identity(table: Table) -> Identity | None:
    """The endpoint's identity: its own, or one user-assigned."""
    settings = table.table("identity")
    if settings is None:
        return None
    kind = settings.choice("type", IDENTITIES, snake, required=True)
    ids = _user_assigned(settings)
    settings.finish(ignored=("principal_id", "tenant_id"))
    if kind == "user_assigned" and not ids:
        remedy = "user_assigned_identities: [{resource_id: /subscriptions/...}]"
        settings.findings.append(settings.node.wrong("does not name a user-assigned identity", remedy))
    return Identity(kind, ids) if kind else None


def _user_assigned(settings: Table) -> tuple[str, ...]:
    node = settings.get("user_assigned_identities")
    items = settings.expect(node, list, "a list") or []
    if node is not None and len(items) > 1:
        settings.findings.append(
            node.wrong("names more than one identity", "an online endpoint can have only one")
        )
    found = []
    for item in items:
        if settings.expect(item, dict, "a mapping", "- resource_id: /subscriptions/...") is not None:
            entry = Table(item, settings.findings)
            found.append(entry.text("resource_id", required=True))
            entry.finish(ignored=("client_id", "object_id", "principal_id"))
    return tuple(text for text in found if text is not None)


def read_shares(table: Table, key: str) -> Shares:
    """Percents by deployment name; names in lower case, because azure-ai-ml lowers deployment names only."""
    shares = table.table(key)
    if shares is None:
        return {}
    found = {}
    for name, node in table.entries(key).items():
        if name != name.lower():
            table.findings.append(
                node.wrong(f"{name!r} does not match a deployment", f"write {name.lower()!r}")
            )
        elif not rules.RESOURCE.accepts(name):
            table.findings.append(
                node.wrong(f"{name!r} is not a name that Azure accepts", rules.RESOURCE.words)
            )
        found[name] = shares.integer(name, 0, rules.MOST_PERCENT, " percent")
    return {name: share for name, share in found.items() if share is not None}


def check_traffic(table: Table, kind: Kind, traffic: Shares, mirror: Shares) -> None:
    """Live shares add up to 0 or 100; at most 50 percent is mirrored, to one deployment without a share."""
    written = table.node.value.get("traffic")
    read = written is None or len(traffic) == len(written.value or ())
    for problem in rules.share_problems(traffic, mirror, kind=kind, all_known=read):
        node = table.node.value[problem.kind]
        place = node if problem.name is None else node.value[problem.name]
        table.findings.append(place.wrong(problem.message, problem.remedy))
