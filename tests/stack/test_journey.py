"""One endpoint's life, from nothing to nothing, with every write it took; and a second one the same day."""

import re

import pytest

from tests.stack.conftest import Project, Stack

ENDPOINT = """\
name: journey
auth_mode: aad_token
public_network_access: disabled
tags: {owner: team-a}
traffic: {blue: 100}
"""
HOOK = "http://127.0.0.1:1/hook"
OFFICE = {"from": "08:00", "to": "18:00", "min": 1, "max": 1}


@pytest.mark.timeout(900)
def test_from_nothing_to_nothing_and_again_the_same_day(project: Project) -> None:
    """Each step begins where the one before has left it.

    The workspace purges its names, but for the time that its first life ends in, and has no shared keys.
    """
    place = {"keyVault": "kv-journey", "purge": True, "sharedKeys": False}
    stack = project("journey", resourceGroup="rg-journey", name="mlw-journey", **place)
    a_first_up(stack)
    a_second_slot_and_what_stands_is_not_purged(stack)
    the_outputs_tell_no_secret(stack)
    one_slot_is_left_and_is_protected(stack)
    a_protected_endpoint_is_not_deleted(stack)
    all_of_it_goes(stack)
    what_is_retained_of_it_is_in_the_way(stack)
    with_leave_to_purge_it_is_made_again_and_goes(stack)


def a_first_up(stack: Stack) -> None:
    """Shares move once their deployment is there."""
    stack.serve({"blue": {}}, {"blue": 100})
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["PUT endpoint", "PUT blue", "PUT endpoint blue=100"]
    assert stack.predict() == ["blue"]


def a_second_slot_and_what_stands_is_not_purged(stack: Stack) -> None:
    """It is scaled, and both are watched."""
    del stack.settings["azml:workspace"]["purge"]
    stack.settings["azml:notify"] = {"emails": ["a@example.com"], "webhooks": [HOOK]}
    slots = {
        "blue": {},
        "green": {"scale": {"min": 1, "max": 2, "requests": 100, "schedule": {"office": OFFICE}}},
    }
    watched = {"alerts": {"errors": True, "saturation": 90}, "workbook": True}
    stack.serve(slots, {"blue": 90, "green": 10}, **watched)
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["PUT green", "PUT endpoint blue=90 green=10"]
    assert stack.predict("blue") == ["blue"], "the setting was taken back: what stands is not purged"
    assert stack.predict("green") == ["green"]


def the_outputs_tell_no_secret(stack: Stack) -> None:
    outputs = stack.outputs()
    found = outputs["endpoints"]["journey"]
    assert found["deployments"] == {"blue": 90, "green": 10}
    assert found["scoring_uri"] == stack.azure.arm("GET", stack.endpoint)["properties"]["scoringUri"]
    assert found["swagger_uri"].endswith("/swagger.json")
    keys = stack.azure.arm("POST", f"{stack.endpoint}/listKeys")
    decrypted = stack.run("stack", "export", "--show-secrets").text
    assert keys["primaryKey"] not in decrypted
    for secret in (HOOK, "InstrumentationKey="):
        assert secret in decrypted
        assert secret not in stack.state


def one_slot_is_left_and_is_protected(stack: Stack) -> None:
    """The shares move before the deployment goes that had them."""
    stack.serve({"green": {}}, {"green": 100}, protect=True)
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["PUT endpoint green=100", "DELETE blue"]
    assert stack.predict() == ["green"]


def a_protected_endpoint_is_not_deleted(stack: Stack) -> None:
    """Nor do its shares move, whatever is asked."""
    start = stack.mark()
    for more in ((), ("--continue-on-error",)):
        protected = stack.run("destroy", "--yes", "--skip-preview", *more)
        assert protected.code != 0
        assert "cannot be deleted" in protected.text
    declared = stack.settings.pop("azml:endpoints")
    stack.write()
    dropped = stack.run("up", "--yes", "--skip-preview")
    assert dropped.code != 0
    assert "because it is protected" in dropped.text
    assert stack.writes(start) == []
    assert stack.predict() == ["green"]
    stack.settings["azml:endpoints"] = declared


def all_of_it_goes(stack: Stack) -> None:
    stack.serve({"green": {}}, {"green": 100}, protect=False)
    stack.up()
    start = stack.mark()
    assert stack.run("destroy", "--yes", "--skip-preview").code == 0
    assert stack.writes(start) == ["PUT endpoint", "DELETE green", "DELETE endpoint"]


def what_is_retained_of_it_is_in_the_way(stack: Stack) -> None:
    """With the line of each setting, and what would free it.

    From here on the endpoint's file and the deployment's end in `.yaml`, and the shares are the former's.
    """
    (stack.scoring / "endpoint.yml").unlink()
    (stack.scoring / "endpoint.yaml").write_text(ENDPOINT)
    (stack.scoring / "blue.yml").rename(stack.scoring / "deployment.yaml")
    stack.serve({"blue": {}}, {})
    for told_by_the_file in ("name", "traffic"):
        del stack.settings["azml:endpoints"]["echo"][told_by_the_file]
    stack.write()
    workspace = stack.endpoint.partition("/onlineEndpoints/")[0]
    start = stack.mark()
    refused = stack.run("up", "--yes", "--skip-preview")
    assert refused.code != 0
    assert "Traceback" not in refused.text
    file = stack.folder / "Pulumi.local.yaml"
    places = set(re.findall(rf"{re.escape(str(file))}:\d+: [\w.:]+(?=: the )", refused.text))
    assert places == {f"{file}:7: azml:workspace.name", f"{file}:8: azml:workspace.keyVault"}
    purge = f"az rest --method delete --url '{workspace}?api-version=2025-12-01&forceToPurge=true'"
    assert purge in refused.text
    assert "az keyvault purge --name kv-journey --location westeurope" in refused.text
    assert [entry for entry in stack.azure.journal()[start:] if entry["method"] != "POST"] == []


def with_leave_to_purge_it_is_made_again_and_goes(stack: Stack) -> None:
    """What the first life retained is not in the way of the second, nor are its names, nor a lack of keys."""
    stack.settings["azml:workspace"]["purge"] = True
    stack.write()
    freed = stack.up()
    found = stack.azure.arm("GET", stack.endpoint)
    assert found["tags"] == {"owner": "team-a"}
    assert found["properties"]["authMode"] == "AADToken"
    assert found["properties"]["publicNetworkAccess"] == "Disabled"
    assert stack.shares() == {"blue": 100}
    assert stack.predict() == ["blue"]
    destroyed = stack.run("destroy", "--yes", "--skip-preview")
    assert destroyed.code == 0, destroyed.text
    for text in (freed, destroyed.text):
        assert "purged the workspace mlw-journey" in text
        assert "purged the vault kv-journey" in text
