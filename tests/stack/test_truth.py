"""What Azure does by itself changes nothing that a stack then does: no write, an empty preview."""

from typing import Any

from tests.stack.conftest import Project, Stack

BOTH: dict[str, Any] = {"blue": {}, "green": {"instance_count": None}}


def change(stack: Stack, below: str, **asked: object) -> None:
    """Have Azure change the workspace, or something below it, by itself."""
    workspace = stack.endpoint.partition("/onlineEndpoints/")[0]
    stack.azure.own("POST", "changes", {"id": f"{workspace}{below}", **asked})


def test_x(project: Project) -> None:
    stack = project("truth", resourceGroup="rg-truth", name="mlw-truth")
    file = stack.scoring / "green.yml"
    file.write_text(file.read_text().replace("instance_count: 1\n", ""))
    stack.serve({"blue": {}, "green": {}}, {"blue": 100})
    print(stack.up())
    endpoint = "/onlineEndpoints/truth"
    change(stack, f"{endpoint}/deployments/green", capacity=2)
    found = stack.azure.arm("GET", stack.endpoint)
    stack.azure.arm("PUT", stack.endpoint, found)
    print(stack.preview())
    start = len(stack.azure.journal())
    print(stack.up())
    print([(e["method"], e["path"]) for e in stack.azure.journal()[start:]])
    stack.settings["azml:policyTags"] = ["cost"]
    stack.serve({"blue": {}, "green": {}}, {"blue": 100})
    stack.azure.own("POST", "policies", {"tags": {"cost": "42"}})
    print(stack.preview())
    print(stack.up())
    print([(e["method"], e["path"]) for e in stack.azure.journal()[start:]])
