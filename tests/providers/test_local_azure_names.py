"""Names the stand-in gives, as azure-native gives them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azml.azure_native.addresses import parse
from azml.azure_native.types import BY_TOKEN, ROWS, Row
from azml.providers.calls import Autonaming, Check, Naming, ProviderError
from azml.providers.local_azure.names import address, named

_WORKSPACE = BY_TOKEN["azure-native:machinelearningservices:Workspace"]
_SEGMENT = st.text("abcxyz019-_.", min_size=1, max_size=8)
_SEGMENTS = st.tuples(*[_SEGMENT] * max(len(row.parameters) for row in ROWS))


def _named(row: Row = _WORKSPACE, **given: Any) -> dict[str, Any]:
    call = {"urn": f"urn:pulumi:s::p::{row.token}::main", "type": row.token, "news": {}, "olds": {}, **given}
    result = named(row, Check(**call))
    assert result.failure is None
    return result.inputs


def test_a_random_name_is_the_program_s_and_eight_hex_digits() -> None:
    """The mark says that the replacement may be made before the old one goes."""
    first, second = _named(seed=b"1"), _named(seed=b"2")
    assert first["__createBeforeDelete"] is True
    assert first["workspaceName"].startswith("main")
    assert len(first["workspaceName"]) == len("main") + 8
    assert first != second
    assert first == _named(seed=b"1")


def test_a_name_once_given_stays() -> None:
    olds = {"workspaceName": "main1234abcd", "__createBeforeDelete": True}
    assert _named(olds=olds) == olds


def test_a_name_the_program_gives_is_taken_as_it_is() -> None:
    assert _named(news={"workspaceName": "mlw"}, olds={"workspaceName": "other"}) == {"workspaceName": "mlw"}


def test_the_stack_s_naming_settings_are_obeyed() -> None:
    propose = Autonaming("main-proposed", Naming.PROPOSE)
    enforce = Autonaming("main-enforced", Naming.ENFORCE)
    assert _named(autonaming=propose)["workspaceName"] == "main-proposed"
    assert _named(autonaming=enforce) == {"workspaceName": "main-enforced"}
    disabled = Check("urn:pulumi:s::p::t::main", "t", {}, {}, Autonaming("", Naming.DISABLE))
    failure = named(_WORKSPACE, disabled).failure
    assert failure and failure.property == "workspaceName"


def test_a_role_assignment_is_named_by_a_uuid_and_a_blob_by_the_program() -> None:
    assignment = _named(BY_TOKEN["azure-native:authorization:RoleAssignment"], seed=b"1")
    assert len(assignment["roleAssignmentName"]) == 36
    assert _named(BY_TOKEN["azure-native:storage:Blob"]) == {"blobName": "main"}


@given(segments=_SEGMENTS)
def test_an_address_gives_its_names_back(segments: tuple[str, ...]) -> None:
    """Of a resource of any type, and whatever the case in which Azure spells the rest of it."""
    for row in ROWS:
        names = dict(zip(row.parameters, segments, strict=False))
        for key in names.keys() & {"scope", "resourceUri"}:
            names[key] = "/subscriptions/s/resourceGroups/rg/providers/A.B/c/d"
        place = address(row.path, "sub", names)
        assert place.startswith("/subscriptions/"), row.token
        assert "//" not in place, row.token
        assert parse(row, place) == names, row.token
        spelled = place.replace("resourceGroups", "resourcegroups").replace(
            "providers/Microsoft", "Providers/microsoft"
        )
        assert parse(row, spelled).keys() == names.keys(), row.token


def test_an_address_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match="is not an id of azure-native:machinelearningservices:Workspace"):
        parse(_WORKSPACE, "/subscriptions/s/resourceGroups/rg")


def test_a_missing_part_of_the_address_is_named() -> None:
    with pytest.raises(ProviderError, match="resourceGroupName is needed"):
        address(_WORKSPACE.path, "sub", {"workspaceName": "w"})
