"""Workbooks: stored, and shown by the portal alone.

Source: Microsoft.Insights/workbooks 2023-06-01.
"""

import json

from azml.emulator.control.arm.errors import bad_request
from azml.emulator.control.arm.ids import is_guid
from azml.emulator.control.arm.types import ResourceType, Write

WORKBOOKS = "Microsoft.Insights/workbooks"


class Workbooks(ResourceType):
    """`workbooks`."""

    name = WORKBOOKS
    stored_only = True
    deleted_at_once = True

    def check(self, write: Write) -> None:
        """The name is a GUID, and the content is JSON."""
        if not is_guid(write.id.name):
            raise bad_request("The workbook's name must be a GUID.")
        for member in ("displayName", "category", "serializedData"):
            if not write.properties.get(member):
                raise bad_request(f"properties.{member} is missing.")
        try:
            json.loads(str(write.properties["serializedData"]))
        except (ValueError, RecursionError) as error:
            raise bad_request("properties.serializedData is not JSON.") from error
