"""The guard of live deployments, before anything is declared: which may change, and what is refused."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi

from azml.findings import Finding, did_you_mean

from .plugin import Plugin, asking
from .scoring import ServedEndpoint
from .section import Faults
from .traffic import LiveSlots, serves

ALLOW_VARIABLE = "AZML_ALLOW_LIVE_CHANGE"
"""Names the endpoints, with commas between them, whose live deployments may change in this one run."""
# The same as in azml.azure.endpoints: components declare, and import nothing that speaks to Azure.


def allowed_once(
    served: Mapping[str, ServedEndpoint], faults: Faults, environment: Mapping[str, str] = os.environ
) -> tuple[ServedEndpoint, ...]:
    """The endpoints (by their keys), with leave to change for those that the shell names by key or name."""
    told = (name.strip() for name in environment.get(ALLOW_VARIABLE, "").split(","))
    names = {name for name in told if name}
    known = {*served, *(endpoint.spec.name for endpoint in served.values())}
    for name in sorted(names - known):
        message = f"{ALLOW_VARIABLE} names no endpoint of this stack: {name!r}"
        faults.extend([Finding(message, did_you_mean(name, known))])
    return tuple(
        replace(endpoint, allow_live_change=True) if names & {key, endpoint.spec.name} else endpoint
        for key, endpoint in served.items()
    )


def require_unchanged(endpoints: Sequence[ServedEndpoint], workspace_id: str, plugin: Plugin) -> None:
    """Stop the program where deployments with users would change; raises RunError with all there are.

    The program asks because the engine would not: it checks no resource that is no `--target`.
    """
    guarded = {_id(one, workspace_id): one for one in endpoints if not one.allow_live_change}
    if not guarded:
        return
    asked = {place: serves(one.slots) for place, one in guarded.items()}
    options = pulumi.InvokeOptions(provider=plugin)
    with asking():
        answer = pulumi.runtime.invoke("azml:index:liveSlots", {"endpoints": asked}, options)
    if refused := answer.value["refused"]:
        _explain({place: guarded[place] for place in refused}, plugin)
        raise pulumi.RunError("\n".join(reason for place in sorted(refused) for reason in refused[place]))


def _explain(endpoints: Mapping[str, ServedEndpoint], plugin: Plugin) -> None:
    """Declare the guards alone, which say what differs from the last update: the engine alone knows that."""
    providers = pulumi.ResourceOptions(providers=[plugin])
    for place, served in endpoints.items():
        name = served.spec.name
        around = pulumi.ComponentResource("azml:components:Endpoint", name, {}, providers)
        own = pulumi.ResourceOptions(parent=around)
        LiveSlots(name, endpoint_id=place, slots=served.slots, allow=False, told=True, opts=own)


def _id(served: ServedEndpoint, workspace_id: str) -> str:
    return f"{workspace_id}/onlineEndpoints/{served.spec.name}"
