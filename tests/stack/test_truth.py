"""What Azure does by itself is no change of the stack's: nothing is written, and nothing is undone."""

from typing import Any

from tests.stack.conftest import Project, Stack

SLOTS: dict[str, Any] = {"blue": {}, "green": {}}
ENDPOINT = "name: any\nauth_mode: key\nproperties: {team: a}\n"


def writes(stack: Stack, since: int) -> list[str]:
    """All that was written to Azure since `since`: the method and the last part of the path."""
    entries = stack.azure.journal()[since:]
    return [
        f"{each['method']} {each['path'].rpartition('/')[2]}" for each in entries if each["method"] != "POST"
    ]


def last_body(stack: Stack, name: str) -> dict[str, Any]:
    """The body of the last PUT of a resource."""
    found = [entry for entry in stack.azure.journal() if entry["path"].endswith(f"/{name}")]
    body: dict[str, Any] = [entry["body"] for entry in found if entry["method"] == "PUT"][-1]
    return body


def change(stack: Stack, below: str, **asked: object) -> None:
    """Have Azure change the workspace, or something below it."""
    workspace = stack.endpoint.partition("/onlineEndpoints/")[0]
    stack.azure.own("POST", "changes", {"id": f"{workspace}{below}", **asked})


def fail(stack: Stack, slot: str) -> None:
    """Have the next write of a deployment fail, once Azure has taken it."""
    pattern = f"/onlineEndpoints/{stack.name}/deployments/{slot}$"
    why = {"ends": "Failed", "code": "OutOfQuota", "message": "not enough cores"}
    stack.azure.own("POST", "states", {"path_pattern": pattern, "method": "PUT", **why})


def instances(stack: Stack, slot: str) -> int:
    found = stack.azure.arm("GET", f"{stack.endpoint}/deployments/{slot}")
    return int(found["sku"]["capacity"])


def test_what_azure_does_by_itself_is_left_alone_and_what_failed_is_tried_again(project: Project) -> None:
    stack = project("truth", resourceGroup="rg-truth", name="mlw-truth")
    stack.settings["azml:policyTags"] = ["cost"]
    (stack.scoring / "endpoint.yml").write_text(ENDPOINT)
    green = stack.scoring / "green.yml"
    green.write_text(green.read_text().replace("instance_count: 1\n", ""))
    stack.serve(SLOTS, {"blue": 100})

    # The commonest first day: the first creation fails, and the endpoint's own files are as they should be.
    fail(stack, "blue")
    assert "not enough cores" in stack.run("up", "--yes", "--skip-preview").text
    start = stack.mark()
    shown = stack.up("--diff")
    assert "azml-retry" in shown
    assert "OnlineDeployment: (update)" in shown
    assert stack.writes(start) == ["PUT blue", "PUT endpoint blue=100"]

    # Everything that Azure does without being asked, and a move of the shares and back.
    registry = stack.azure.arm("GET", stack.endpoint.partition("/onlineEndpoints")[0])["properties"]
    assert registry["containerRegistry"]
    change(stack, "", location="West Europe")
    change(stack, f"/onlineEndpoints/{stack.name}", location="West Europe")
    change(stack, f"/onlineEndpoints/{stack.name}/deployments/green", capacity=2)
    stack.azure.own("POST", "policies", {"tags": {"cost": "42"}, "path_pattern": "rg-truth"})
    found = stack.azure.arm("GET", stack.endpoint)
    for traffic in ({"green": 100}, {"blue": 100}):
        found["properties"]["traffic"] = traffic
        stack.azure.arm("PUT", stack.endpoint, found)
        stack.settled()
    start = len(stack.azure.journal())
    assert "unchanged" in stack.up("--expect-no-changes")
    assert writes(stack, start) == []
    assert instances(stack, "green") == 2

    # A change of one's own carries what Azure has given, and a failed update is tried again as well.
    stack.settings["azml:tags"] = {"owner": "team-a"}
    (stack.scoring / "endpoint.yml").write_text(ENDPOINT.replace("team: a", "team: a, tier: gold"))
    stack.serve({"blue": {}, "green": {"environment_variables": {"LEVEL": "1"}}}, {"blue": 100})
    change(stack, f"/onlineEndpoints/{stack.name}/deployments/blue", capacity=2)
    fail(stack, "green")
    assert "not enough cores" in stack.run("up", "--yes", "--skip-preview").text
    assert last_body(stack, "mlw-truth")["properties"]["containerRegistry"] == registry["containerRegistry"]
    assert last_body(stack, "mlw-truth")["tags"] == {"owner": "team-a", "cost": "42"}
    own = stack.azure.arm("GET", stack.endpoint)["properties"]["properties"]
    assert (own["team"], own["tier"]) == ("a", "gold")
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == ["PUT green"]
    assert (instances(stack, "blue"), instances(stack, "green")) == (1, 2)
    start = len(stack.azure.journal())
    stack.up("--expect-no-changes")
    assert writes(stack, start) == []

    stack.azure.own("DELETE", "policies")
    stack.azure.arm("DELETE", stack.endpoint)  # it stops serving
