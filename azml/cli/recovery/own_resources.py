"""States of our plugin's resources for endpoints that are added to a stack's state.

They have no counterpart in Azure, or one that the endpoint's own record shows, so an update would only note
what is so already. Without them a preview would not be empty.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from azml.azure.endpoints import SERVES_TAG, deployment_id, positive
from azml.cli.recovery.live_inputs import MASKED

PROVIDER = "pulumi:providers:azml"
LIVE_SLOTS = "azml:index:LiveSlots"
TRAFFIC = "azml:index:EndpointTraffic"
TYPES = frozenset({PROVIDER, LIVE_SLOTS, TRAFFIC})
"""The types that are added; other resources of ours write something when they are created."""
_SHARES = ("traffic", "mirrorTraffic")

State = Mapping[str, Any]


def before(own: Iterable[State], actual: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The states of what endpoints depend on: the plugin, and guards whose slots serve what is declared.

    `own` is as the preview has it, `actual` the inputs of found resources by id in lower case.
    """
    for state in own:
        inputs = state.get("inputs") or {}
        if state["type"] == PROVIDER:
            shown = {key: value for key, value in inputs.items() if value != MASKED}
            yield _state(state, str(uuid.uuid4()), shown, shown)
        elif state["type"] == LIVE_SLOTS and _serve(inputs, actual):
            yield _state(state, str(state["urn"]).rpartition("::")[2], inputs, inputs)


def after(own: Iterable[State], endpoints: Mapping[str, tuple[str, State]]) -> Iterator[dict[str, Any]]:
    """The states of shares. `endpoints` has the id and the live inputs of each by its parent's URN."""
    for state in own:
        if state["type"] == TRAFFIC and state.get("parent") in endpoints:
            identity, live = endpoints[state["parent"]]
            properties = live.get("properties") or {}
            shares = {key: positive(properties.get(key)) for key in _SHARES}
            inputs = {**(state.get("inputs") or {}), "endpointId": identity}
            inputs |= {key: shares[key] for key in _SHARES if inputs.get(key) is not None}
            yield _state(state, identity, inputs, {**inputs, **shares})


def _serve(inputs: State, actual: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether each slot was found, and serves what is declared."""
    endpoint = str(inputs.get("endpointId"))
    for slot, wanted in (inputs.get("serves") or {}).items():
        live = actual.get(deployment_id(endpoint, slot).lower()) or {}
        if (live.get("tags") or {}).get(SERVES_TAG) != wanted["digest"]:
            return False
    return True


def _state(planned: State, identity: str, inputs: State, outputs: State) -> dict[str, Any]:
    kept = ("urn", "type", "custom", "parent", "provider", "dependencies", "propertyDependencies")
    return {
        **{key: planned[key] for key in kept if key in planned},
        "id": identity,
        "inputs": dict(inputs),
        "outputs": dict(outputs),
    }
