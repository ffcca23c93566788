"""The operations of an ARM resource, as in azure-native."""

import threading
from collections.abc import Callable

from azml.azure.arm import Arm
from azml.azure.errors import AzureError
from azml.azure.http import Response
from azml.azure_native import shapes
from azml.azure_native.addresses import parse
from azml.azure_native.sdk import ResourceType, resource_type
from azml.azure_native.types import BY_TOKEN, Row
from azml.engine_values import UNKNOWN, Properties
from azml.providers import calls
from azml.providers.differences import differences, top
from azml.providers.local_azure.drift import patched
from azml.providers.local_azure.inputs import findings
from azml.providers.local_azure.names import address, named, unknown_address
from azml.rules import region_key

_MARK = "__createBeforeDelete"
_OPERATION_SECONDS = 3600.0


class Locations:
    """The default location: the configured one, else the resource group's, which is read once.

    provider.go, getDefaultLocation; the inputs of the last update take precedence over both.
    """

    def __init__(self, arm: Arm, subscription: Callable[[], str]) -> None:
        self._arm = arm
        self._subscription = subscription
        self._lock = threading.Lock()
        self._known: dict[str, str | None] = {}

    def default(self, inputs: Properties) -> str | None:
        """The location for a resource with these inputs; None when it is not known yet."""
        if self._arm.settings.location:
            return self._arm.settings.location
        group = inputs.get("resourceGroupName")
        if not isinstance(group, str):
            return None
        with self._lock:
            if self._known.get(group) is None:
                row = BY_TOKEN["azure-native:resources:ResourceGroup"]
                place = address(row.path, self._subscription(), {"resourceGroupName": group})
                found = self._arm.get(place, row.api_version)
                self._known[group] = str(found["location"]) if found else None
            return self._known[group]


class ArmResource:
    """A resource type, implemented from its row of the table."""

    def __init__(self, row: Row, arm: Arm, subscription: Callable[[], str], locations: Locations) -> None:
        self._row = row
        self._arm = arm
        self._subscription = subscription
        self._locations = locations

    @property
    def _kind(self) -> ResourceType:
        return resource_type(self._row.token)

    def check(self, call: calls.Check) -> calls.Checked:
        """Fill in name and location, then validate: provider.go, Check, applyDefaults and validateType."""
        settled = named(self._row, call)
        inputs = self._with_location(settled.inputs, call.olds)
        failures = [*([settled.failure] if settled.failure else []), *findings(self._kind.inputs, inputs)]
        return calls.Checked(inputs, failures)

    def _with_location(self, inputs: Properties, olds: Properties) -> Properties:
        if "location" not in self._kind.inputs.properties or inputs.get("location") is not None:
            return inputs
        location = olds.get("location") or self._locations.default(inputs)
        return {**inputs, "location": location} if location else inputs

    def diff(self, call: calls.Diff) -> calls.Changes:
        """Compare inputs; changes in the path, the location and the row's `fixed` inputs are replacements.

        provider.go, Diff; diff.go, calculateDetailedDiff and findForceNew.
        """
        fixed = {*self._row.parameters, "location", *self._row.fixed}
        found = differences(_comparable(call.olds), _comparable(call.news))
        paths = {path: kind.as_replacement if top(path) in fixed else kind for path, kind in found.items()}
        replaces = any(kind.replaces for kind in paths.values())
        return calls.Changes(paths, delete_first=replaces and not call.news.get(_MARK))

    def create(self, call: calls.Create) -> calls.State:
        """Refuse an existing resource, then PUT and wait: provider.go, Create; crud.go, CanCreate."""
        if call.preview:
            return calls.State("", self._previewed(call.inputs))
        place = address(self._row.path, self._subscription(), call.inputs)
        if self._arm.get(place, self._row.api_version) is not None:
            raise calls.ProviderError(f"cannot create already existing resource '{place}'")
        return calls.State(place, self._written(place, call.inputs, call.timeout))

    def _previewed(self, inputs: Properties) -> Properties:
        outputs = shapes.previewed(self._row, self._kind, inputs)
        if not unknown_address(self._row, inputs):
            return outputs
        return {**outputs, "name": UNKNOWN} if "name" in outputs else outputs

    def _written(self, place: str, inputs: Properties, timeout: float) -> Properties:
        """PUT, wait, GET: the outputs. Raises InitFailedError once Azure has accepted the write.

        crud.go, CreateOrUpdate and HandleErrorWithCheckpoint; provider.go, readAfterWrite.
        """
        body = shapes.body(self._row, self._kind, inputs)
        started = self._arm.put(self._with_query(place, inputs), self._row.api_version, body)
        try:
            self._arm.wait(started, seconds=timeout or _OPERATION_SECONDS)
        except AzureError as error:
            # Azure accepted the write, whatever went wrong since: without its state nobody would manage it.
            outputs = self._found_if_answered(place) or self._outputs(started)
            raise calls.InitFailedError(calls.State(place, outputs), [str(error)]) from error
        found = self._found(place)
        if found is None:
            raise calls.ProviderError(f"{place} was written and is gone again")
        return found

    def _with_query(self, place: str, inputs: Properties) -> str:
        given = [
            f"{key}={str(inputs[key]).lower()}" for key in self._row.query if inputs.get(key) is not None
        ]
        return f"{place}?{'&'.join(given)}" if given else place

    def _found(self, place: str) -> Properties | None:
        resource = self._arm.get(place, self._row.api_version)
        return None if resource is None else shapes.outputs(self._row, self._kind, resource)

    def _found_if_answered(self, place: str) -> Properties | None:
        try:
            return self._found(place)
        except AzureError:
            return None

    def _outputs(self, answer: Response) -> Properties:
        return shapes.outputs(self._row, self._kind, answer.json())

    def read(self, call: calls.Read) -> calls.State | None:
        """The current resource, whatever its state. Without inputs this is an import.

        provider.go, Read; diff.go, applyDiff. It does not fail for a resource whose last write failed, so a
        refresh loses that information (pulumi/pulumi#17949).
        """
        outputs = self._found(call.id)
        if outputs is None:
            return None
        after = shapes.projected(self._kind.inputs, outputs)
        if not call.inputs:
            return calls.State(call.id, outputs, {**after, **parse(self._row, call.id)})
        before = shapes.projected(self._kind.inputs, call.outputs)
        addressing = {key: call.inputs[key] for key in self._row.parameters if key in call.inputs}
        return calls.State(call.id, outputs, {**patched(call.inputs, before, after), **addressing})

    def update(self, call: calls.Update) -> Properties:
        """PUT the whole resource: provider.go, Update and defaultUpdate.

        In a preview, name and location are unchanged, and what the cloud computes is unknown.
        """
        if call.preview:
            stable: Properties = {
                key: call.outputs[key] for key in ("name", "location") if key in call.outputs
            }
            return {**self._previewed(call.news), **stable}
        return self._written(call.id, call.news, call.timeout)

    def delete(self, call: calls.Delete) -> None:
        """Delete and wait; a resource that is gone already is not an error: provider.go, Delete."""
        self._arm.delete(call.id, self._row.api_version)


def _comparable(inputs: Properties) -> Properties:
    """The inputs without the provider's marks, and with locations as Azure compares them (`westeurope`).

    diff.go, applyAzureSpecificDiff and normalizedLocation.
    """
    kept = {key: value for key, value in inputs.items() if not key.startswith("__")}
    if isinstance(kept.get("location"), str):
        kept["location"] = region_key(kept["location"])
    return kept
