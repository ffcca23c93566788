"""An endpoint's traffic as a separate resource, of our own plugin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

Shares = pulumi.Input[Mapping[str, pulumi.Input[int]]]
"""Percent of the requests by deployment."""


@dataclass(frozen=True, kw_only=True)
class EndpointTrafficArgs:
    """The shares of the endpoint with the ARM id `endpoint_id`; those that are None are left unchanged.

    `deployments` are the names of the declared deployments: only they may have a share. `endpoint_digest` is
    any value that changes whenever the program changes the endpoint.
    """

    endpoint_id: pulumi.Input[str]
    traffic: Shares | None = None
    mirror_traffic: Shares | None = None
    deployments: pulumi.Input[Sequence[pulumi.Input[str]]]
    endpoint_digest: pulumi.Input[str] | None = None


class EndpointTraffic(pulumi.CustomResource):
    """The shares of an endpoint, in percent.

    Azure takes a share only for a deployment that exists, refuses to delete one that has a share, and forgets
    all shares when the endpoint is written without them. So shares are set once every deployment exists (let
    this resource depend on them), are moved before one is deleted, and are set again when `endpoint_digest`
    shows that the endpoint was written. The endpoint resource must ignore changes of `properties.traffic` and
    `properties.mirrorTraffic`.
    """

    traffic: pulumi.Output[Mapping[str, int]]
    """The current shares, whether or not they are managed here."""

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
    """The shares once all their values are known; None where none are given."""
    return pulumi.Output.all(shares).apply(lambda values: values[0])
