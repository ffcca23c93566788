"""The program's graph under Pulumi's mocks: what it would register, with inputs and options.

Each graph is made in a process of its own, as the engine does it: the SDK keeps its state in the process. The
process is a fork of one that has the SDK and the program's modules loaded, which takes most of the time.
"""

import asyncio
import json
import multiprocessing
import os
import runpy
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import set_all_config
from pulumi.runtime.mocks import (
    MockCallArgs,
    MockEngine,
    MockMonitor,
    MockResourceArgs,
    Mocks,
    MockSettings,
)
from pulumi.runtime.rpc import deserialize_properties
from pulumi.runtime.settings import configure
from pulumi.runtime.stack import run_in_stack

PROGRAM = Path(__file__).parents[2] / "__main__.py"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"


_SHARED = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-of-storage/providers"
    "/Microsoft.Storage/storageAccounts/stshared"
)
_NO_IDENTITY = {"type": "None", "users": []}


@dataclass(frozen=True)
class Registration:
    """One resource as the program registered it."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    dependencies: list[str]
    ignore_changes: list[str]
    replace_on_changes: list[str]
    delete_before_replace: bool
    retain_on_delete: bool
    protect: bool
    import_id: str
    provider: str


@dataclass
class Graph:
    """Every resource, in the order of registration, the calls of functions, and what a user is told."""

    resources: list[Registration] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Registration]:
        """The resources whose type token ends with `kind`."""
        return [resource for resource in self.resources if resource.type.endswith(f":{kind}")]

    def one(self, kind: str, name: str | None = None) -> Registration:
        """The only one of `kind` (and `name`)."""
        (found,) = [resource for resource in self.of(kind) if name in (None, resource.name)]
        return found


class _Azure(Mocks):
    """Answers as Azure would, as far as the graph needs it.

    Versions whose ids end in one of `registered` are there already; `retries` are the operations that failed,
    by the last part of their resource's id.
    """

    def __init__(self, graph: Graph, registered: tuple[str, ...], retries: Mapping[str, str]) -> None:
        self.graph = graph
        self.registered = registered
        self.retries = retries

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ.endswith(":StorageAccount"):
            outputs["primaryEndpoints"] = {
                "blob": f"https://{args.inputs['accountName']}.blob.core.windows.net/"
            }
        if args.typ.endswith("services:Workspace"):
            outputs["workspaceId"] = "11111111-2222-3333-4444-555555555555"
        if args.typ.endswith(":Key"):
            outputs["keyUriWithVersion"] = f"https://kv/keys/{args.inputs['keyName']}/1"
        if args.typ.endswith(":UserAssignedIdentity"):
            outputs |= {"principalId": f"p-{args.name}", "clientId": f"c-{args.name}"}
        if "identity" in args.inputs:
            identity = args.inputs["identity"]
            users: dict[str, Any] = {name: {} for name in identity.get("userAssignedIdentities") or ()}
            outputs["identity"] = {
                **identity,
                "userAssignedIdentities": users,
                "principalId": f"p-{args.name}",
            }
        if args.typ.endswith(":OnlineEndpoint"):
            uri = f"https://{args.inputs['endpointName']}.westeurope.inference.ml.azure.com"
            outputs["properties"] = {
                **args.inputs["properties"],
                "scoringUri": f"{uri}/score",
                "swaggerUri": f"{uri}/swagger.json",
            }
        if args.typ.endswith(":EndpointTraffic"):
            outputs.setdefault("traffic", {})  # the current shares, whoever owns them
        return f"/ids/{args.typ}/{args.name}", outputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        self.graph.calls.append(args.token)
        kind = args.token.rpartition(":")[2]
        if kind == "getClientConfig":
            ids = {"subscriptionId": SUBSCRIPTION, "tenantId": TENANT}
            return {"clientId": "c", "objectId": "o", **ids}, []
        if kind == "bundleSources":
            return {"folder": args.args["folder"]}, []
        registered = [each for each in args.args["versions"] if each.endswith(self.registered)]
        names = {one: one.rpartition("/")[2] for one in [*args.args["ids"], _SHARED]}
        there = [one for one, name in names.items() if "/onlineEndpoints/" not in one or name in self.retries]
        found = {one: _fact_of(one, self.retries.get(names[one])) for one in there}
        nothing: dict[str, Any] = {"reserved": [], "refused": {}, "rollouts": {}, "lacking": []}
        return {"found": found, "registered": registered, **nothing}, []


def _fact_of(one: str, retry: str | None) -> dict[str, Any]:
    """What Azure shows of an existing resource; no endpoint exists yet, but for one that failed."""
    properties: dict[str, Any] = {"primaryEndpoints": {"blob": "https://stshared.blob.core.windows.net/"}}
    identity = _NO_IDENTITY
    if one.split("/")[-2] == "workspaces":
        encryption = {"status": "Enabled"}
        properties = {"workspaceId": "w-1", "storageAccount": _SHARED, "encryption": encryption}
    elif one.split("/")[-2] == "onlineEndpoints":
        file = yaml.safe_load((PROGRAM.parent / "scoring/diabetes/endpoint.yml").read_text())
        properties = {"authMode": "Key", "description": file["description"]}
        identity = {"type": "SystemAssigned", "users": []}
    if "/userAssignedIdentities/" in one:
        properties = {"principalId": f"found-{one.rpartition('/')[2]}"}
    return {
        "location": "northeurope" if "/workspaces/" in one else "westeurope",
        "state": "Succeeded",
        "retry": retry,
        "identity": identity,
        "properties": properties,
    }


class _Monitor(MockMonitor):
    def __init__(self, mocks: Mocks, graph: Graph) -> None:
        super().__init__(mocks)
        self.graph = graph

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  # the protocol's name
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        inputs = deserialize_properties(request.object)
        self.graph.resources.append(
            Registration(
                answer.urn,
                request.type,
                request.name,
                inputs,
                list(request.dependencies),
                list(request.ignoreChanges),
                list(request.replaceOnChanges),
                request.deleteBeforeReplace,
                request.retainOnDelete,
                request.protect,
                request.importId,
                request.provider or dict(request.providers).get("azml", ""),
            )
        )
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  # the protocol's name
        if "pulumi:pulumi:Stack" in request.urn:
            self.graph.exports.update(deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class _Engine(MockEngine):
    def __init__(self, graph: Graph) -> None:
        super().__init__(None)
        self.graph = graph

    def Log(self, request: Any) -> Any:  # noqa: N802  # the protocol's name
        self.graph.notes.append(request.message)
        return super().Log(request)  # type: ignore[no-untyped-call]


def build(
    config: Mapping[str, str],
    *,
    root: Path,
    project: str = "azml",
    stack: str = "dev",
    registered: tuple[str, ...] = (),
    retries: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Graph:
    """Run the program over `config` and return its graph. `root` is the folder of the stack file.

    `registered` are the ends of ids of versions that the workspace holds; `retries` are the operations that
    failed, by the name of their resource.
    """
    made = _made(
        json.dumps([dict(config), str(root), project, stack, registered, retries or {}]),
        json.dumps(environment or {}),
    )
    resources, calls, exports, notes = json.loads(made)
    return Graph([Registration(**resource) for resource in resources], calls, exports, notes)


@cache
def _made(wanted: str, environment: str) -> str:
    return _forks().submit(_graph, wanted, environment).result(timeout=60)


@cache
def _forks() -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "azml.program"])
    return ProcessPoolExecutor(1, context, max_tasks_per_child=1)


def _graph(wanted: str, environment: str) -> str:
    """The graph that `build` wants, as JSON."""
    for name in [name for name in os.environ if name.startswith(("ARM_", "PULUMI_"))]:
        del os.environ[name]
    os.environ.update(json.loads(environment))
    os.chdir(PROGRAM.parent)
    config, root, project, stack, registered, retries = json.loads(wanted)
    graph = Graph()
    monitor = _Monitor(_Azure(graph, tuple(registered), retries), graph)
    set_all_config(config)
    features = monitor.GetDeploymentInfo(Empty()).supportedFeatures  # type: ignore[no-untyped-call]
    configure(
        MockSettings(  # type: ignore[no-untyped-call]
            monitor=monitor,
            monitor_features=set(features),
            engine=_Engine(graph),
            project=project,
            stack=stack,
            dry_run=False,
            root_directory=root,
        )
    )
    asyncio.run(run_in_stack(_run))
    resources = [asdict(resource) for resource in graph.resources]
    return json.dumps([resources, graph.calls, graph.exports, graph.notes], default=vars)


def _run() -> None:
    runpy.run_path(str(PROGRAM), run_name="__main__")
