"""The guard of live deployments: a resource of our own plugin."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class LiveSlotsArgs:
    """What each deployment of the endpoint with the ARM id `endpoint_id` should serve.

    `serves` has, by slot, the `digest`, the `files` by path and the `instanceType`. `allow` permits a change;
    `told` says that the program has already refused one.
    """

    endpoint_id: str
    serves: Mapping[str, Mapping[str, object]]
    allow: bool = False
    told: bool | None = None


class LiveSlots(pulumi.CustomResource):
    """Refuses, at preview and before any write, to change a deployment that has live traffic.

    Our plugin compares what should be served with the current tags and shares in Azure.
    """

    def __init__(self, name: str, args: LiveSlotsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        inputs = {
            "endpointId": args.endpoint_id,
            "serves": args.serves,
            "allow": args.allow,
            "told": args.told,
        }
        super().__init__("azml:index:LiveSlots", name, inputs, opts)
