"""`azml:index:EndpointTraffic`: the shares of an endpoint's requests by deployment."""

import time
from collections.abc import Iterator

from azml.azure import endpoints
from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION, Shares
from azml.azure.errors import AzureError, OperationFailedError
from azml.engine_values import Properties, Unknown
from azml.findings import did_you_mean
from azml.providers import calls
from azml.providers.azml.shares import findings, without_zeros
from azml.providers.differences import differences, top

INPUTS = ("endpointId", "traffic", "mirrorTraffic", "deployments", "endpointDigest")
_SHARES = ("traffic", "mirrorTraffic")
_SECONDS = 1200.0  # for one change of shares, unless the program sets a timeout
_BUSY_STATES = frozenset({"creating", "updating", "deleting"})


class EndpointTraffic:
    """Sets the shares of one endpoint and changes nothing else of it.

    Azure has no write for the shares alone, so each write reads the endpoint, changes them and writes it
    back. Shares that the program does not give are managed elsewhere: they stay, and are removed only before
    the deployments are deleted.
    """

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    def check(self, call: calls.Check) -> calls.Checked:
        """Check the given shares, and drop zeros."""
        inputs = dict(call.news)
        failures = [*_unknown_inputs(inputs), *_endpoint_findings(inputs)]
        failures += findings(inputs.get("traffic"), inputs.get("mirrorTraffic"), inputs.get("deployments"))
        inputs |= {key: without_zeros(inputs[key]) for key in _SHARES if inputs.get(key) is not None}
        return calls.Checked(inputs, failures)

    def diff(self, call: calls.Diff) -> calls.Changes:
        """Shares and digest change in place; a different endpoint is a replacement.

        The declared deployments only serve to check names.
        """
        found = differences(call.olds, call.news)
        return calls.Changes(
            {
                path: kind.as_replacement if top(path) == "endpointId" else kind
                for path, kind in found.items()
                if top(path) != "deployments"
            }
        )

    def create(self, call: calls.Create) -> calls.State:
        """Set the shares."""
        if call.preview:
            return calls.State("", call.inputs)
        identity = str(call.inputs["endpointId"])
        return calls.State(identity, self._set(identity, call.inputs, call.timeout))

    def update(self, call: calls.Update) -> Properties:
        """Set the shares."""
        return call.news if call.preview else self._set(call.id, call.news, call.timeout)

    def read(self, call: calls.Read) -> calls.State | None:
        """The current shares, as inputs where the program gives them; None when the endpoint is gone."""
        endpoint = self._arm.get(call.id, API_VERSION)
        if endpoint is None:
            return None
        live = _properties(endpoints.shares(endpoint))
        known = call.inputs or {"endpointId": call.id, "deployments": self._deployments(call.id), **live}
        known_shares = {key: shares for key, shares in live.items() if known.get(key) is not None}
        return calls.State(call.id, {**known, **live}, {**known, **known_shares})

    def delete(self, call: calls.Delete) -> None:
        """Remove all shares, so that deployments can be deleted; a missing endpoint is not an error."""
        endpoint = self._arm.get(call.id, API_VERSION)
        if endpoint is not None and endpoints.shares(endpoint) != Shares():
            try:
                self._set(call.id, _properties(Shares()), call.timeout)
            except AzureError as error:
                if error.status != 404:
                    raise

    def _deployments(self, endpoint_id: str) -> list[str]:
        found = self._arm.get(f"{endpoint_id}/deployments", API_VERSION) or {}
        return sorted(str(item["name"]).rpartition("/")[2] for item in found.get("value", []))

    def _set(self, endpoint_id: str, inputs: Properties, timeout: float) -> Properties:
        """Write until the endpoint has the given shares; returns the outputs, with all shares.

        Raises AzureError at the deadline.
        """
        deadline = time.monotonic() + (timeout or _SECONDS)
        for pause in self._pauses():
            endpoint = self._arm.get(endpoint_id, API_VERSION)
            if endpoint is None:
                raise AzureError(f"there is no endpoint {endpoint_id}", status=404)
            busy, live = endpoints.state(endpoint) in _BUSY_STATES, endpoints.shares(endpoint)
            wanted = _wanted(inputs, live)
            if not busy and live == wanted:
                return {**inputs, **_properties(live)}
            left = deadline - time.monotonic()
            if left <= 0:
                raise AzureError(
                    f"the shares of {endpoint_id} were not confirmed in time: {_shown(endpoint)}"
                )
            if busy or not self._write(endpoint_id, endpoint, wanted, left):
                self._arm.pause(min(pause, left))
        raise AssertionError("the pauses never end")

    def _write(self, endpoint_id: str, endpoint: Properties, wanted: Shares, seconds: float) -> bool:
        """Write the endpoint back with other shares; False when another write is in progress."""
        body = endpoints.with_shares(endpoint, wanted)
        try:
            started = self._arm.put(endpoint_id, API_VERSION, body)
        except AzureError as error:
            now = self._arm.get(endpoint_id, API_VERSION) if error.status == 409 else None
            if now is None or endpoints.state(now) not in _BUSY_STATES:
                raise
            return False
        try:
            self._arm.wait(started, seconds=seconds)
        except OperationFailedError as error:
            raise AzureError(f"the shares were not set: {error}", code=error.code) from error
        return True

    def _pauses(self) -> Iterator[float]:
        delay, most = (0.05, 1.0) if self._arm.cloud.local else (1.0, 15.0)
        while True:
            yield delay
            delay = min(delay * 1.5, most)


def _wanted(inputs: Properties, live: Shares) -> Shares:
    traffic, mirror = (inputs.get(key) for key in _SHARES)
    return Shares(live.traffic if traffic is None else traffic, live.mirror if mirror is None else mirror)


def _properties(shares: Shares) -> Properties:
    return dict(zip(_SHARES, (dict(shares.traffic), dict(shares.mirror)), strict=True))


def _shown(endpoint: Properties) -> str:
    live = endpoints.shares(endpoint)
    return f"state {endpoints.state(endpoint) or 'unknown'}, traffic {dict(live.traffic)}"


def _unknown_inputs(inputs: Properties) -> Iterator[calls.Failure]:
    for key in inputs.keys() - set(INPUTS):
        yield calls.Failure(key, f"unknown property {key!r}: {did_you_mean(key, INPUTS)}")


def _endpoint_findings(inputs: Properties) -> Iterator[calls.Failure]:
    endpoint_id = inputs.get("endpointId")
    if isinstance(endpoint_id, Unknown):
        return
    if not isinstance(endpoint_id, str) or endpoints.endpoint_name(endpoint_id) is None:
        yield calls.Failure(
            "endpointId", f"endpointId must be the id of an online endpoint, not {endpoint_id!r}"
        )
