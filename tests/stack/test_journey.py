"""One endpoint's life, from nothing to nothing, with every write it took."""

from tests.stack.conftest import Project


def test_first_up_then_two_slots_then_one_then_nothing(project: Project) -> None:
    """Shares move only after their deployment is there, and before another goes."""
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

    start = stack.mark()
    assert stack.run("destroy", "--yes", "--skip-preview").code == 0
    assert stack.writes(start) == ["PUT endpoint", "DELETE green", "DELETE endpoint"]


def test_destroyed_and_made_again(project: Project) -> None:
    """What the first life retained is not in the way of the second; nor is it that keys open nothing."""
    stack = project("again", resourceGroup="rg-again", name="mlw-again", sharedKeys=False)
    stack.serve({"blue": {}}, {"blue": 100})
    stack.up()
    assert stack.run("destroy", "--yes", "--skip-preview").code == 0
    stack.up()
    assert stack.predict() == ["blue"]
    assert stack.run("destroy", "--yes", "--skip-preview").code == 0
