"""Traffic as a resource of its own, of our own plugin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

Shares = pulumi.Input[Mapping[str, pulumi.Input[int]]]
"""Percent of the requests by deployment."""


@dataclass(frozen=True, kw_only=True)
class EndpointTrafficArgs:
    """The shares of the endpoint with the ARM id `endpoint_id`; those that are None stay as they are.

    `deployments` are the names of those that are declared: only they may have a share. `endpoint_digest` is
    anything that changes whenever the program changes the endpoint.
    """

    endpoint_id: pulumi.Input[str]
    traffic: Shares | None = None
    mirror_traffic: Shares | None = None
    deployments: pulumi.Input[Sequence[pulumi.Input[str]]]
    endpoint_digest: pulumi.Input[str] | None = None


class EndpointTraffic(pulumi.CustomResource):
    """The shares of an endpoint, in percent.

    Azure takes a share only for a deployment that exists, refuses to delete one that has a share, and forgets
    all shares when the endpoint is written without them. So shares are set after every deployment is there
    (let it depend on them), move before one goes, and are set again when `endpoint_digest` says that the
    endpoint was written. The endpoint's own resource must ignore changes of `properties.traffic` and
    `properties.mirrorTraffic`.
    """

    traffic: pulumi.Output[Mapping[str, int]]
    """What is live, told or not."""

    def __init__(
        self, name: str, args: EndpointTrafficArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        inputs = {
            "endpointId": args.endpoint_id,
            "traffic": args.traffic,
            "mirrorTraffic": args.mirror_traffic,
            "deployments": args.deployments,
            "endpointDigest": args.endpoint_digest,
        }
        super().__init__("azml:index:EndpointTraffic", name, inputs, opts)


def known(shares: Shares | None) -> pulumi.Output[Any]:
    """The shares with all that stands in them known; None where none are told."""
    return pulumi.Output.all(shares).apply(lambda values: values[0])
