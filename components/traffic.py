"""Traffic as a resource of its own, and the guard of live deployments: both of our own plugin."""

from collections.abc import Mapping

import pulumi

from azml.file_list import file_list_text

from .scoring import Slot


class EndpointTraffic(pulumi.CustomResource):
    """The shares of an endpoint, in percent.

    Azure takes a share only for a deployment that exists, refuses to delete one that has a share, and forgets
    all shares when the endpoint is written without them. So shares are set after every deployment is there,
    move before one goes, and are set again when `endpoint_digest` says that the endpoint was written. Shares
    that are None stay as somebody else has set them. The output `traffic` is what is live in any case.
    """

    traffic: pulumi.Output[Mapping[str, int]]

    def __init__(
        self,
        name: str,
        *,
        endpoint_id: pulumi.Input[str],
        traffic: Mapping[str, int] | None,
        mirror_traffic: Mapping[str, int] | None,
        deployments: list[str],
        endpoint_digest: str,
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {
            "endpointId": endpoint_id,
            "traffic": traffic,
            "mirrorTraffic": mirror_traffic,
            "deployments": deployments,
            "endpointDigest": endpoint_digest,
        }
        super().__init__("azml:index:EndpointTraffic", name, inputs, opts)


def serves(slots: tuple[Slot, ...]) -> dict[str, dict[str, object]]:
    """What each slot is to predict with, as the guard compares it."""
    return {
        slot.name: {
            "digest": slot.bundle.serves,
            "files": file_list_text(slot.bundle.files),
            "instanceType": slot.spec.instance_type,
        }
        for slot in slots
    }


class LiveSlots(pulumi.CustomResource):
    """Refuses, at preview and before any write, to change a deployment that has users.

    `slots` say what each deployment would predict with; the plugin compares that with the tags and the shares
    that are live now. `allow` lets a change through; `told` says that the program has refused one (`guard`).
    """

    def __init__(
        self,
        name: str,
        *,
        endpoint_id: pulumi.Input[str],
        slots: tuple[Slot, ...],
        allow: bool,
        told: bool | None = None,
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {"endpointId": endpoint_id, "serves": serves(slots), "allow": allow, "told": told}
        super().__init__("azml:index:LiveSlots", name, inputs, opts)
