"""`components` of Application Insights: keys, and where their telemetry goes."""

import uuid

from azml.emulator.base.identity import TENANT
from azml.emulator.control.arm.addresses import Addresses
from azml.emulator.control.arm.json import Json
from azml.emulator.control.arm.simple_types import kept
from azml.emulator.control.arm.store import Record
from azml.emulator.control.arm.types import ResourceType, Write

COMPONENT = "Microsoft.Insights/components"


class ApplicationInsights(ResourceType):
    """`components`, API 2020-02-02."""

    name = COMPONENT
    deleted_at_once = True
    created = 200

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses

    def complete(self, write: Write, record: Record) -> Record:
        """Its keys."""
        record = kept(record, InstrumentationKey=str(uuid.uuid4()), AppId=str(uuid.uuid4()))
        return record.with_properties(ApplicationId=record.id.name, TenantId=TENANT)

    def present(self, record: Record) -> Json:
        """With the connection string, whose address is that of this start."""
        shown = super().present(record)
        own = {"ConnectionString": connection_string(record, self.addresses)}
        return {**shown, "properties": {**shown["properties"], **own}}


def connection_string(component: Record, addresses: Addresses) -> str:
    """What clients that send telemetry want. Without a live endpoint here, they would ask Microsoft's."""
    key, application = (component.properties[name] for name in ("InstrumentationKey", "AppId"))
    here = f"IngestionEndpoint={addresses.arm}/;LiveEndpoint={addresses.arm}/"
    return f"InstrumentationKey={key};{here};ApplicationId={application}"
