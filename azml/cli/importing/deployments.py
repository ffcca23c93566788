"""A deployment in Azure as a deployment file that pins it; what such a file cannot say is a reason."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from azml import rules
from azml.cli.endpoints.endpoints import OnlineDeployment, OnlineEndpoint
from azml.cli.importing.variables import secrets_in
from azml.cli.release.frozen import FOLDER, as_document, as_text, read_spec
from azml.served import digest_of_body
from azml.specs import DeploymentSpec
from azml.stack.endpoint.scoring import Slot

SERVED = "# Written by `azml import`: the registered versions that served in Azure then."
_SAID = frozenset(
    [
        "appinsightsenabled",
        "codeconfiguration",
        "datacollector",
        "description",
        "egresspublicnetworkaccess",
        "endpointcomputetype",
        "environmentid",
        "environmentvariables",
        "instancetype",
        "livenessprobe",
        "model",
        "modelmountpath",
        "properties",
        "readinessprobe",
        "requestsettings",
        "scalesettings",
        "startupprobe",
        "containerresourcerequirements",
    ]
)
"""What a deployment file can say (OnlineDeploymentProperties of API 2025-12-01), in lower case."""
_AZURES = frozenset({"provisioningstate"})


@dataclass(frozen=True)
class Pinned:
    """A deployment with the registered versions that serve: its spec, and the contents of its file."""

    spec: DeploymentSpec
    document: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The file's text."""
        return as_text(self.document, SERVED)

    @property
    def file(self) -> str:
        """Its path in the endpoint's folder, named after its content."""
        return f"{FOLDER}/{hashlib.sha256(self.text.encode()).hexdigest()[:8]}.yml"


def pinned(endpoint: OnlineEndpoint, live: OnlineDeployment, *, autoscaled: bool) -> Pinned:
    """The deployment as a frozen file. An `autoscaled` one has no number of instances in it."""
    spec = read_spec(endpoint, live, None)
    scaling = spec.scale_settings
    if autoscaled or (scaling is not None and scaling.type == "target_utilization"):
        spec = replace(spec, instance_count=None)
    return Pinned(spec, as_document(spec))


def unsayable(live: OnlineDeployment, plain: Collection[str]) -> Iterator[str]:
    """Why a file cannot say what Azure has. `plain` are variables that the user knows are no secrets."""
    properties = live.properties
    if not rules.DEPLOYMENT.accepts(live.name):
        yield f"the name {live.name!a} cannot be that of a slot: {rules.DEPLOYMENT.words}"
    if live.state.lower() != "succeeded":
        yield f"its state is {live.state or 'unknown'}: import it once it serves"
    for key, value in sorted(properties.items()):
        if key.lower() not in _SAID | _AZURES and value not in (None, {}, [], ""):
            yield f"Azure has the property {key!a}, which deployment files cannot express"
    collections = (properties.get("dataCollector") or {}).get("collections") or {}
    if len({one.get("samplingRate") for one in collections.values()}) > 1:
        yield "its collections have different sampling rates, and a deployment file can have only one"
    if digest_of_body({"properties": properties}) is None:
        yield "its model, code or environment is not a registered version: register it, and deploy that"
    for name in secrets_in(properties.get("environmentVariables") or {}, plain):
        yield (
            f"the value of its variable {name!a} looks like a secret, which no file may have: keep it "
            "in a key vault or a connection, and let the variable name that, as "
            f"${{{{azureml://connections/...}}}}; if it is not one, add --not-secret {name}"
        )


def changes(live: OnlineDeployment, wanted: DeploymentSpec, slot: Slot) -> Iterator[str]:
    """Why `slot`, which was read from the file that pins it, would not deploy what Azure has."""
    differing = [
        one.name
        for one in fields(DeploymentSpec)
        if one.name != "source" and getattr(slot.spec, one.name) != getattr(wanted, one.name)
    ]
    if differing or slot.bundle.serves != digest_of_body({"properties": live.properties}):
        yield f"a deployment file would change what it is: {', '.join(differing) or 'what it serves'}"
