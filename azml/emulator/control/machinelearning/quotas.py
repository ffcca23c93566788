"""Quotas of vCPUs by region and family of sizes: they can be set, and existing deployments use them.

Source of the rule: learn.microsoft.com, "Manage and increase quotas", online endpoints: a deployment needs
the vCPUs of 20 % more instances than it runs, for upgrades. Shapes: description of API 2025-12-01.
"""

import math

from azml.emulator.control.arm.answer import Answer
from azml.emulator.control.arm.database import Database
from azml.emulator.control.arm.errors import ArmError, bad_request
from azml.emulator.control.arm.ids import resource_id
from azml.emulator.control.arm.json import Json, section
from azml.emulator.control.arm.pages import Page, Question
from azml.emulator.control.arm.store import Record, ResourceStore
from azml.emulator.control.machinelearning.endpoints import DEPLOYMENT
from azml.emulator.control.machinelearning.sizes import BY_NAME, FAMILIES, SIZES, Size

UNLIMITED = 100_000  # vCPUs; the quota of a family for which none was set
_ML = "/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}"


class Quotas:
    """The quotas, their use, and the pages that show and set them."""

    def __init__(self, database: Database, store: ResourceStore) -> None:
        self._database = database
        self._store = store

    def pages(self) -> list[Page]:
        """Sizes, usages and quotas of a region."""
        return [
            Page("GET", f"{_ML}/vmSizes", self._sizes),
            Page("GET", f"{_ML}/usages", self._usages),
            Page("GET", f"{_ML}/quotas", self._quotas),
            Page("POST", f"{_ML}/updateQuotas", self._update),
        ]

    def check(self, deployment: Record) -> None:
        """Raise ArmError when a deployment needs more vCPUs than its family has left."""
        size = _size_of(deployment)
        if size is None:
            return
        limit = self._limit(deployment.location, size.family)
        used = self._used(deployment.location, size.family, besides=deployment)
        needed = _vcpus(deployment, size)
        if used + needed > limit:
            raise ArmError(
                400,
                "OutOfQuota",
                f"Not enough quota available for {size.name} in SubscriptionId "
                f"{deployment.id.part('subscriptions')}. Current usage/limit: {used}/{limit}. "
                f"Additional needed: {needed}.",
            )

    async def _sizes(self, question: Question) -> Answer:
        return Answer(200, {"value": [_shown_size(size) for size in SIZES]})

    async def _usages(self, question: Question) -> Answer:
        location = _location(question)
        return Answer(
            200,
            {
                "value": [
                    {
                        **_named(question, family, "usages"),
                        "currentValue": self._used(location, family),
                        "limit": self._limit(location, family),
                    }
                    for family in FAMILIES
                ]
            },
        )

    async def _quotas(self, question: Question) -> Answer:
        location = _location(question)
        rows = [
            {**_named(question, family, "quotas"), "limit": self._limit(location, family)}
            for family in FAMILIES
        ]
        return Answer(200, {"value": rows})

    async def _update(self, question: Question) -> Answer:
        asked = question.body.get("value")
        location = _location(question)
        if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
            raise bad_request("value must be a list of quotas.", "InvalidRequestContent")
        wanted = {_family(one): one for one in asked}
        with self._database.transaction():
            for family, one in wanted.items():
                statement = "INSERT OR REPLACE INTO quotas VALUES (?, ?, ?)"
                self._database.write(statement, location, family, _whole_limit(one))
        rows = [
            {**_named(question, family, "quotas"), "limit": one["limit"], "status": "Success"}
            for family, one in wanted.items()
        ]
        return Answer(200, {"value": rows})

    def _limit(self, location: str, family: str) -> int:
        row = self._database.row(
            "SELECT vcpus FROM quotas WHERE location = ? AND family = ?", location, family
        )
        return int(row["vcpus"]) if row else UNLIMITED

    def _used(self, location: str, family: str, besides: Record | None = None) -> int:
        return sum(
            _vcpus(record, size)
            for record in self._store.under("", DEPLOYMENT)
            if record.location == location
            and (size := _size_of(record)) is not None
            and size.family == family
            and _counts(record, besides)
        )


def _counts(record: Record, besides: Record | None) -> bool:
    """Whether a deployment uses quota: a failed one does not, and a later one must wait."""
    if besides is None or record.state != "Creating":
        return record.state != "Failed" and (besides is None or record.id.key != besides.id.key)
    return record.sequence < besides.sequence


def _size_of(deployment: Record) -> Size | None:
    """The size of a managed deployment's machines; None for a size that is not in the table."""
    if str(deployment.properties.get("endpointComputeType", "")).lower() != "managed":
        return None
    return BY_NAME.get(str(deployment.properties.get("instanceType", "")).lower())


def _vcpus(deployment: Record, size: Size) -> int:
    instances = int(section(deployment.body, "sku").get("capacity", 1))
    return size.vcpus * math.ceil(instances * 12 / 10)


def _location(question: Question) -> str:
    return question.parts["location"].lower().replace(" ", "")


def _named(question: Question, family: str, what: str) -> Json:
    place = _ML.format(**question.parts)
    return {
        "id": f"{place}/{what}/{family}",
        "type": f"Microsoft.MachineLearningServices/locations/{what}",
        "unit": "Count",
        "name": {"value": family, "localizedValue": f"{family} Cluster Dedicated vCPUs"},
    }


def _family(asked: Json) -> str:
    try:
        name = resource_id(str(asked.get("id"))).name
    except ArmError:
        name = str(asked.get("id"))
    found = next((family for family in FAMILIES if family.lower() == name.lower()), None)
    if found is None:
        raise bad_request(f"'{name}' is not a family of sizes: {', '.join(FAMILIES)}.", "InvalidQuota")
    return found


def _whole_limit(asked: Json) -> int:
    limit = asked.get("limit")
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit <= UNLIMITED:
        raise bad_request(f"limit is {limit!r}: it must be a number up to {UNLIMITED}.", "InvalidQuota")
    return limit


def _shown_size(size: Size) -> Json:
    return {
        "name": size.name,
        "family": size.family,
        "vCPUs": size.vcpus,
        "gpus": size.gpus,
        "memoryGB": size.memory,
        "premiumIO": True,
        "lowPriorityCapable": False,
        "supportedComputeTypes": ["ManagedOnlineEndpoint"],
    }
