"""What has to be tried again, judged over what Azure would answer."""

from typing import Any

import pytest

from azml.providers.azml.retries import retry_of


def _told(state: str, tag: str | None = None, operation: str | None = None) -> dict[str, Any]:
    own = {"properties": {"AzureAsyncOperationUri": operation}} if operation else {}
    return {
        "tags": {"azml-retry": tag} if tag else {},
        "properties": {"provisioningState": state, **own},
        "systemData": {"lastModifiedAt": "2026-01-01T00:00:00Z"},
    }


@pytest.mark.parametrize(
    ("resource", "retry"),
    [
        (_told("Succeeded"), None),
        (_told("Succeeded", tag="o1"), "o1"),
        (_told("Updating", tag="o1"), "o1"),
        (_told("Failed", operation="https://azure/operations/od:1:2?api-version=3"), "od:1:2"),
        (_told("Canceled", tag="o1", operation="https://azure/operations/o2"), "o2"),
        (_told("Failed"), "2026-01-01T00:00:00Z"),
        ({"properties": {"provisioningState": "Failed"}}, "failed"),
        ({}, None),
    ],
)
def test_a_resource_that_failed_is_tried_again_once_an_operation(
    resource: dict[str, Any], retry: str | None
) -> None:
    """What the tag says changes when another operation fails, and at no other time."""
    assert retry_of(resource) == retry
