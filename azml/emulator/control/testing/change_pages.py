"""Pages for tests of what Azure does by itself: scale, add tags, create a registry."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.ids import ResourceId, resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.resource_manager import ResourceManager
from azml.emulator.control.arm.tag_policies import TagPolicy
from azml.emulator.control.http.guards import Handler
from azml.emulator.control.machinelearning.registry import ensure_registry
from azml.emulator.control.monitor.autoscale import scale_to
from azml.emulator.control.testing.asked import asked_object, pattern_of

Change = Callable[[ResourceId, object], Awaitable[None]]


class ChangePages:
    """They require the control token. Rows of the table "added on read" name the page that triggers them."""

    def __init__(self, service: ResourceManager) -> None:
        self._service = service
        self._changes: dict[str, Change] = {
            "capacity": self._scale,
            "location": self._spell,
            "registry": self._give_registry,
        }

    def routes(self) -> list[tuple[str, Handler, str]]:
        """Path, handler and method."""
        return [
            ("/_azml/changes", self._change, "POST"),
            ("/_azml/policies", self._add_policy, "POST"),
            ("/_azml/policies", self._clear_policies, "DELETE"),
        ]

    async def _change(self, request: Request) -> Response:
        asked = await asked_object(request, ("id", *self._changes))
        named = resource_id(str(asked.pop("id", "")))
        if len(asked) != 1:
            raise bad_request(f"One change at a time: {', '.join(self._changes)}.")
        ((name, value),) = asked.items()
        await self._changes[name](named, value)
        return Response(status_code=204)

    async def _scale(self, named: ResourceId, capacity: object) -> None:
        """Like Azure's autoscale: a write of the capacity alone. Returns once it is complete."""
        await scale_to(self._service, named, capacity)

    async def _spell(self, named: ResourceId, location: object) -> None:
        record = self._service.store.get(named.text)
        spelt = record.with_body({**record.body, "location": location})
        if not isinstance(location, str) or spelt.location != record.location:
            raise bad_request(f"location is {location!r}: it must be the same region as {record.location}.")
        self._service.store.put(spelt)

    async def _give_registry(self, named: ResourceId, wanted: object) -> None:
        if wanted is not True:
            raise bad_request("registry must be true: Azure never removes one.")
        ensure_registry(named.text, self._service.store)

    async def _add_policy(self, request: Request) -> Response:
        asked = await asked_object(request, ("tags", "path_pattern"))
        self._service.policies.add(TagPolicy(_tags(asked), pattern_of(asked)))
        return Response(status_code=204)

    async def _clear_policies(self, request: Request) -> Response:
        self._service.policies.clear()
        return Response(status_code=204)


def _tags(asked: Json) -> dict[str, str]:
    tags = section(asked, "tags")
    if not tags or not all(isinstance(value, str) for value in tags.values()):
        raise bad_request('tags must be an object of texts, as {"costCenter": "42"}.')
    return tags
