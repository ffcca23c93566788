"""Adds to a stack's state what exists in Azure and an update would create: Azure refuses to create it again.

A preview shows which resources those are; the engine's own import reads them. The rest is done in the
resulting state: the inputs become Azure's values of the declared ones, so that the next update changes only
what differs, and a resource with secret outputs is added without them, because an import would keep them in
clear text.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from azml.azure.arm import Arm
from azml.azure.endpoints import ALLOW_VARIABLE
from azml.azure.lookup import existing_bodies
from azml.azure_native.types import BY_TOKEN
from azml.cli.clone import working_folder
from azml.cli.local.engine import Engine
from azml.cli.recovery import online_inputs, own_resources
from azml.cli.recovery.live_inputs import differing, with_live_values
from azml.cli.recovery.pending import arm_id
from azml.cli.stacks import names
from azml.cli.stacks.stacks import Connection
from azml.engine_values import UNKNOWNS

_RANDOM = "__createBeforeDelete"
"""azure-native's mark on a resource that it has named: by the program's name and eight hex digits."""


@dataclass(frozen=True)
class Found:
    """A resource that exists and that an update would create.

    `planned` is its state in the preview, `entry` its entry in the engine's import file, `actual` Azure's
    record converted to inputs.
    """

    planned: Mapping[str, Any]
    entry: Mapping[str, Any]
    id: str
    actual: Mapping[str, Any]

    @property
    def urn(self) -> str:
        """Its URN in the stack."""
        return str(self.planned["urn"])

    @property
    def kind(self) -> str:
        """Its type, without the provider's name."""
        return str(self.planned["type"]).partition(":")[2]

    @property
    def name(self) -> str:
        """Its name in Azure."""
        return self.id.rpartition("/")[2]

    @property
    def secret(self) -> bool:
        """Whether it has outputs that are secrets."""
        return bool(self.planned.get("additionalSecretOutputs"))

    @property
    def differs(self) -> list[str]:
        """The paths of the inputs whose values in Azure are not as declared."""
        return list(differing(self.planned.get("inputs") or {}, self.actual, UNKNOWNS))

    @property
    def inputs(self) -> dict[str, Any]:
        """The declared inputs with Azure's values."""
        return with_live_values(self.planned.get("inputs") or {}, self.actual, UNKNOWNS)


@dataclass(frozen=True)
class Plan:
    """The Azure resources that an update would create, and the engine's import file for them.

    `own` are resources of our plugin that it would create, and the plugin.
    """

    created: tuple[Mapping[str, Any], ...]
    names: Mapping[str, str]
    entries: tuple[Mapping[str, Any], ...]
    own: tuple[Mapping[str, Any], ...] = ()

    def entry(self, planned: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The entry of the import file for a resource."""
        wanted = (planned["type"], planned["urn"].rpartition("::")[2])
        fitting = (
            one for one in self.entries if (one["type"], one.get("logicalName", one["name"])) == wanted
        )
        return next(fitting, None)


def look(engine: Engine, connection: Connection) -> tuple[Plan, list[Found]]:
    """What an update of the stack would create, and which of it exists. Raises CommandError like `plan`."""
    declared = [names.azure_name(one) for one in connection.stack.file.endpoints()]
    planned = plan(engine, declared)
    return planned, find(planned, connection.arm, connection.workspace.subscription_id)


def plan(engine: Engine, endpoints: Iterable[str]) -> Plan:
    """What an update would create. Raises CommandError when the preview fails.

    A preview writes nothing, so changes of the live deployments of `endpoints` are allowed in it.
    """
    allowed = replace(engine, environment={**engine.environment, ALLOW_VARIABLE: ",".join(endpoints)})
    with working_folder(engine.work, "adoption") as folder:
        file = folder / "import.json"
        document = allowed.json("preview", "--json", "--import-file", str(file), "--stack", engine.stack)
        written = json.loads(file.read_text()) if file.is_file() else {}
    steps = [step["newState"] for step in document.get("steps") or () if step["op"] == "create"]
    return Plan(
        tuple(state for state in steps if state["type"] in BY_TOKEN),
        written.get("nameTable") or {},
        tuple(written.get("resources") or ()),
        tuple(state for state in steps if state["type"] in own_resources.TYPES),
    )


def find(planned: Plan, arm: Arm, subscription: str) -> list[Found]:
    """The existing resources among those an update would create, in the order it would create them."""
    fixed, free = {}, []
    for state in planned.created:
        if (state.get("inputs") or {}).get(_RANDOM):
            free.append(state)
        elif place := arm_id(state["type"], state.get("inputs") or {}, subscription):
            fixed[place] = state
    bodies = existing_bodies(
        arm, {place: BY_TOKEN[state["type"]].api_version for place, state in fixed.items()}
    )
    for state in free:
        if (body := _named_by_the_engine(state, arm, subscription, bodies)) is not None:
            place, key = str(body["id"]), BY_TOKEN[state["type"]].name_parameter
            fixed[place] = {**state, "inputs": {**state["inputs"], key: body["name"]}}
            bodies[place] = body
    found = [
        Found(state, entry, place, _as_inputs(state["type"], place, bodies[place]))
        for place, state in fixed.items()
        if place in bodies and (entry := planned.entry(state)) is not None
    ]
    order = {state["urn"]: number for number, state in enumerate(planned.created)}
    return sorted(found, key=lambda one: order[one.urn])


def _named_by_the_engine(
    state: Mapping[str, Any], arm: Arm, subscription: str, bodies: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The resource that an earlier update named; if there are several, the one that another resource uses."""
    proposed = arm_id(state["type"], state["inputs"], subscription)
    if proposed is None:
        return None
    pattern = re.compile(re.escape(state["urn"].rpartition("::")[2]) + "[0-9a-f]{8}")
    listed = arm.get(proposed.rpartition("/")[0], BY_TOKEN[state["type"]].api_version) or {}
    fitting = [one for one in listed.get("value") or () if pattern.fullmatch(str(one.get("name")))]
    used = json.dumps(list(bodies.values())).lower()
    chosen = [one for one in fitting if f'"{str(one["id"]).lower()}"' in used] or fitting
    return chosen[0] if len(chosen) == 1 else None


def _as_inputs(kind: str, place: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A resource's record converted to inputs, including those in its address."""
    from azml.azure_native.addresses import parse
    from azml.azure_native.sdk import resource_type
    from azml.azure_native.shapes import outputs, projected

    row, shape = BY_TOKEN[kind], resource_type(kind)
    found = {**projected(shape.inputs, outputs(row, shape, body)), **parse(row, place)}
    return online_inputs.completed(kind, found, body)


def adopt(engine: Engine, planned: Plan, found: Iterable[Found]) -> None:
    """Add the resources to the stack's state; nothing in Azure changes. Raises CommandError."""
    taken = list(found)
    with working_folder(engine.work, "adoption") as folder:
        if not all(one.secret for one in taken):
            file = _written(folder / "import.json", import_file(planned, taken))
            quiet = ["--yes", "--skip-preview", "--generate-code=false", "--protect=false"]
            engine.quiet("import", "--file", str(file), *quiet, "--stack", engine.stack)
        state = engine.json("stack", "export", "--stack", engine.stack)
        file = _written(folder / "state.json", completed(state, taken, planned.own))
        engine.quiet("stack", "import", "--stack", engine.stack, "--file", str(file))


def import_file(planned: Plan, found: Iterable[Found]) -> dict[str, Any]:
    """The file for `pulumi import`, without resources with secrets: an import would keep them in clear."""
    around = [one for one in planned.entries if one.get("component")]
    read = [{**one.entry, "id": one.id} for one in found if not one.secret]
    return {"nameTable": planned.names, "resources": [*around, *read]}


def completed(
    state: Mapping[str, Any], taken: Iterable[Found], own: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The state after an import, with Azure's values of the declared inputs, and with what was not imported.

    `taken` is in the order of the plan: dependencies come first, so that the engine deletes them last. `own`
    are planned resources of our plugin.
    """
    by_urn = {one.urn: one for one in taken}
    own = list(own)
    deployment = state["deployment"]
    imported = {resource["urn"]: resource for resource in deployment["resources"]}
    done = {urn: resource for urn, resource in imported.items() if urn not in by_urn}
    actual = {one.id.lower(): one.actual for one in by_urn.values()}
    for made in own_resources.before(own, actual):
        _enter(made, done)
    for urn, one in by_urn.items():
        entered = imported.get(urn) or _entered(one, done)
        if entered is not None:
            after = [other for other in one.planned.get("dependencies") or () if other in done]
            done[urn] = {**entered, "inputs": one.inputs, "dependencies": after}
    parents = {
        str(one.planned.get("parent")): (one.id, one.actual)
        for one in by_urn.values()
        if one.planned["type"].endswith(":OnlineEndpoint")
    }
    for made in own_resources.after(own, parents):
        _enter(made, done)
    return {**state, "deployment": {**deployment, "resources": list(done.values())}}


def _enter(made: dict[str, Any], known: dict[str, Any]) -> None:
    """Add the state of a resource of ours, unless the provider or the parent of it is missing."""
    if made.get("parent") not in known:
        return
    if provider := str(made.get("provider") or "").rpartition("::")[0]:
        if provider not in known:
            return
        made["provider"] = f"{provider}::{known[provider]['id']}"
    made["dependencies"] = [other for other in made.get("dependencies") or () if other in known]
    known[made["urn"]] = made


def _entered(one: Found, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """The state of a resource that was not imported, without its secrets: the next refresh reads them.

    None where the state lacks its provider or its parent, without which it cannot be added.
    """
    provider = str(one.planned["provider"]).rpartition("::")[0]
    if provider not in known or one.planned.get("parent") not in known:
        return None
    kept = ("urn", "type", "custom", "parent", "additionalSecretOutputs")
    return {
        **{key: one.planned[key] for key in kept},
        "id": one.id,
        "outputs": dict(one.actual),
        "provider": f"{provider}::{known[provider]['id']}",
    }


def _written(file: Path, document: object) -> Path:
    file.write_text(json.dumps(document))
    return file
