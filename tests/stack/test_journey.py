"""One endpoint's life, from nothing to nothing, with every write it took."""

from tests.stack.conftest import Project

ENDPOINT = """\
name: again
auth_mode: aad_token
public_network_access: disabled
tags: {owner: team-a}
traffic: {blue: 100}
"""


def test_first_up_then_two_slots_then_one_then_nothing(project: Project) -> None:
    """Shares move once their deployment is there, before another goes, and never for a protected endpoint."""
    stack = project("journey", resourceGroup="rg-journey", name="mlw-journey")
    stack.serve({"blue": {}}, {"blue": 100})
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["PUT endpoint", "PUT blue", "PUT endpoint blue=100"]
    assert stack.predict() == ["blue"]

    stack.serve({"blue": {}, "green": {}}, {"blue": 90, "green": 10})
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["PUT green", "PUT endpoint blue=90 green=10"]
    assert stack.predict("green") == ["green"]

    assert "unchanged" in stack.preview("--expect-no-changes")
    start = stack.mark()
    stack.up("--expect-no-changes")
    assert stack.writes(start) == []

    outputs = stack.outputs()
    found = outputs["endpoints"]["journey"]
    assert found["deployments"] == {"blue": 90, "green": 10}
    assert found["scoring_uri"] == stack.azure.arm("GET", stack.endpoint)["properties"]["scoringUri"]
    assert found["swagger_uri"].endswith("/swagger.json")
    keys = stack.azure.arm("POST", f"{stack.endpoint}/listKeys")
    assert keys["primaryKey"] not in stack.run("stack", "export", "--show-secrets").text
    assert "InstrumentationKey=" in stack.run("stack", "export", "--show-secrets").text
    assert "InstrumentationKey=" not in stack.run("stack", "export").text

    stack.serve({"green": {}}, {"green": 100})
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["PUT endpoint green=100", "DELETE blue"]
    assert stack.predict() == ["green"]

    stack.serve({"green": {}}, {"green": 100}, protect=True)
    start = stack.mark()
    stack.up()
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
    declared["echo"]["protect"] = False
    stack.write()
    stack.up()
    start = stack.mark()
    assert stack.run("destroy", "--yes", "--skip-preview").code == 0
    assert stack.writes(start) == ["PUT endpoint", "DELETE green", "DELETE endpoint"]


def test_destroyed_and_made_again(project: Project) -> None:
    """What the first life retained does not stand in the way of the second.

    The endpoint's file and the deployment's end in `.yaml`, and the shares are the endpoint file's.
    """
    stack = project("again", resourceGroup="rg-again", name="mlw-again")
    (stack.scoring / "endpoint.yml").unlink()
    (stack.scoring / "endpoint.yaml").write_text(ENDPOINT)
    (stack.scoring / "blue.yml").rename(stack.scoring / "deployment.yaml")
    stack.serve({"blue": {}}, {})
    for told_by_the_file in ("name", "traffic"):
        del stack.settings["azml:endpoints"]["echo"][told_by_the_file]
    stack.write()
    stack.up()
    found = stack.azure.arm("GET", stack.endpoint)
    assert found["tags"] == {"owner": "team-a"}
    assert found["properties"]["authMode"] == "AADToken"
    assert found["properties"]["publicNetworkAccess"] == "Disabled"
    assert stack.shares() == {"blue": 100}
    assert stack.predict() == ["blue"]
    assert stack.run("destroy", "--yes", "--skip-preview").code == 0
    stack.up()
    assert stack.predict() == ["blue"]
    assert stack.run("destroy", "--yes", "--skip-preview").code == 0
