"""What Azure holds of what a program declares."""

from azml.cli.recovery.live_inputs import differing, with_live_values

NOT_KNOWN = frozenset({"?"})
DECLARED = {
    "__createBeforeDelete": True,
    "location": "westeurope",
    "keyVault": "?",
    "model": "/subscriptions/S/resourceGroups/rg",
    "password": "[secret]",
    "properties": {"variables": {}, "sku": {"capacity": 2}, "description": "new", "authMode": "Key"},
    "tags": {"team": "ml"},
    "zones": [],
}
ACTUAL = {
    "location": "West Europe",
    "keyVault": "/subscriptions/s/vaults/kv",
    "model": "/subscriptions/s/resourcegroups/RG",
    "password": "in clear",
    "properties": {
        "variables": {"AML_APP_ROOT": "/var"},
        "sku": {"capacity": 3},
        "probe": {},
        "authMode": "key",
    },
    "tags": {"team": "ML"},
}


def test_azures_values_stand_in_for_the_declared_ones_and_what_azure_adds_stays_out() -> None:
    assert with_live_values(DECLARED, ACTUAL, NOT_KNOWN) == {
        "__createBeforeDelete": True,
        "location": "westeurope",
        "keyVault": "/subscriptions/s/vaults/kv",
        "model": "/subscriptions/S/resourceGroups/rg",
        "properties": {"variables": {}, "sku": {"capacity": 3}, "authMode": "Key"},
        "tags": {"team": "ML"},
    }


def test_every_difference_is_named_and_spellings_of_the_same_are_none() -> None:
    assert list(differing(DECLARED, ACTUAL, NOT_KNOWN)) == [
        "properties.sku.capacity",
        "properties.description",
        "tags.team",
    ]
