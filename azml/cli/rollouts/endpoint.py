"""The traffic between the two deployments of a rollout, through Azure Resource Manager."""

import math
from collections.abc import Mapping

from typing_extensions import override

from azml.azure import endpoints as azure
from azml.azure.errors import AzureError, UnreachableError
from azml.cli.endpoints import endpoints
from azml.cli.endpoints.endpoints import OnlineEndpoint
from azml.cli.failure import CommandError
from azml.cli.rollouts.slots import Slots
from azml.cli.rollouts.sources.requests import MODEL_REFUSED, OK, Requests
from azml.cli.stacks.stacks import Connection
from azml.rollout.counts import count
from azml.rollout.driving.driver import LEASE
from azml.rollout.driving.ports import Endpoint, Unavailable
from azml.rollout.journals.journal import Shares

BUSY = frozenset({"creating", "updating", "deleting"})
"""States in which Azure carries out an earlier write, and refuses another one."""
WRITE_SECONDS = 0.8 * LEASE
"""How long a write is waited for: a driver has to be back before its lease ends."""


class ArmEndpoint(Endpoint):
    """The endpoint called `name` in Azure, with the two slots of a rollout; `stable` is "" where none is.

    `capacity` is how many instances serve all the traffic, as the stack declares them for the stable slot.
    `sample` is a request that the model answers, None where none is known.
    """

    def __init__(
        self,
        connection: Connection,
        name: str,
        slots: Slots,
        requests: Requests,
        capacity: int = 1,
        sample: bytes | None = None,
    ) -> None:
        self.connection = connection
        self.name = name
        self.stable = slots.stable
        self.candidate = slots.candidate
        self.requests = requests
        self.capacity = capacity
        self.sample = sample

    @override
    def shares(self) -> Shares:
        """The shares that hold now; while Azure carries a write out, none do. Raises Unavailable."""
        return shares_between(self._settled(), self.stable, self.candidate)

    @override
    def ready(self, shares: Shares) -> bool:
        """Whether each deployment is there, and has the instances for these shares. Raises Unavailable."""
        return not unready(self._read(), self.stable, self.candidate, shares, self.capacity)

    @override
    def write(self, shares: Shares) -> None:
        """Write the endpoint back with these shares, and return once the operation has succeeded.

        It is written even where the shares are these already: its success shows that no earlier write is
        still under way. Raises Unavailable where Azure refuses it, or has not carried it out after
        WRITE_SECONDS.
        """
        found = self._settled()
        traffic = azure.positive({self.stable: shares.stable, self.candidate: shares.candidate})
        mirror = azure.positive({self.candidate: shares.mirror})
        self._put(found, traffic, mirror)

    @override
    def stable_answers(self) -> bool:
        """Whether the stable deployment answers a sample request. Raises Unavailable."""
        body = self.sample if self.sample is not None else b"{}"
        status = self.requests.send(self.stable, [body])[0].status
        # Without a sample, a refusal by the model is an answer too.
        return status == OK or (self.sample is None and status == MODEL_REFUSED)

    @override
    def refusal(self) -> str | None:
        """Why Azure would refuse a write of shares; None where it takes one: the endpoint as it is.

        A policy that asks for a token, and a missing role, show at a write only. Raises Unavailable.
        """
        try:
            found = endpoints.read(self.connection, self.name)
            endpoints.write_traffic(self.connection, found, found.traffic, found.mirror_traffic)
        except UnreachableError as failed:
            raise Unavailable(f"{self.name} cannot be read: {failed}") from failed
        except (AzureError, CommandError) as refused:
            return str(refused)
        return None

    def _settled(self) -> OnlineEndpoint:
        found = self._read()
        if found.state.lower() in BUSY:
            raise Unavailable(f"Azure still carries out an earlier write of {self.name} ({found.state})")
        return found

    def _read(self) -> OnlineEndpoint:
        try:
            return endpoints.read(self.connection, self.name)
        except (AzureError, CommandError) as failed:
            raise Unavailable(f"{self.name} cannot be read: {failed}") from failed

    def _put(self, found: OnlineEndpoint, traffic: Mapping[str, int], mirror: Mapping[str, int]) -> None:
        body = azure.with_shares(found.body, azure.Shares(traffic, mirror))
        try:
            started = self.connection.arm.put(found.id, azure.API_VERSION, body)
            self.connection.arm.wait(started, seconds=WRITE_SECONDS)
        except AzureError as failed:
            raise Unavailable(f"the shares of {self.name} were not written: {failed}") from failed


def shares_between(found: OnlineEndpoint, stable: str, candidate: str) -> Shares:
    """The endpoint's shares as a rollout between these two slots sees them; other slots' are left out."""
    live = found.traffic
    return Shares(live.get(stable, 0), live.get(candidate, 0), sum(found.mirror_traffic.values()))


def unready(found: OnlineEndpoint, stable: str, candidate: str, shares: Shares, capacity: int) -> str:
    """Why the deployments cannot take these shares; "" where they can.

    A share needs its part of `capacity`; a candidate of another size needs one instance, as nothing can be
    said about more.
    """
    there = {one.name: one for one in found.deployments}
    sizes = {one.instance_type.lower() for slot, one in there.items() if slot in (stable, candidate)}
    wanted = azure.positive({stable: shares.stable, candidate: max(shares.candidate, shares.mirror)})
    for slot, share in wanted.items():
        one = there.get(slot)
        if one is None:
            return f"{found.name} has no deployment {slot}"
        if one.state.lower() != "succeeded":
            return f"{slot} is {one.state}"
        needed = math.ceil(capacity * share / 100) if len(sizes) == 1 or slot == stable else 1
        if one.instance_count < needed:
            has = count(one.instance_count, "instance")
            return f"{slot} has {has}, and {share} % of the traffic needs {needed}"
    return ""
