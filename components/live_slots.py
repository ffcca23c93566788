"""The guard of live deployments, of our own plugin."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class LiveSlotsArgs:
    """What each deployment of the endpoint with the ARM id `endpoint_id` is to predict with.

    `serves` has its `digest`, its `files` by path and its `instanceType`, by slot. `allow` lets a change
    through; `told` says that the program has refused one already.
    """

    endpoint_id: str
    serves: Mapping[str, Mapping[str, object]]
    allow: bool = False
    told: bool | None = None


class LiveSlots(pulumi.CustomResource):
    """Refuses, at preview and before any write, to change a deployment that has users.

    Our plugin compares what is to be served with the tags and the shares that are live now.
    """

    def __init__(self, name: str, args: LiveSlotsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        inputs = {
            "endpointId": args.endpoint_id,
            "serves": args.serves,
            "allow": args.allow,
            "told": args.told,
        }
        super().__init__("azml:index:LiveSlots", name, inputs, opts)
