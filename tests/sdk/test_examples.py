"""The examples that use Azure's SDK, as a user runs them: in a Jupyter kernel and from a shell."""

import json
from typing import Any

import pytest

from tests.sdk.conftest import Shell

NOTEBOOK = "examples/deploy-mlflow-model.ipynb"
Cell = dict[str, Any]


def answers(notebook: Any) -> list[str]:
    """What the code cells answer, one text a cell."""
    return [
        "".join(part for output in cell["outputs"] for part in parts(output))
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def parts(output: Cell) -> list[str]:
    text = output["data"]["text/plain"] if "data" in output else output["text"]
    return text if isinstance(text, list) else [text]


@pytest.fixture(scope="module")
def executed(shell: Shell) -> Any:
    """The notebook after a run of all its cells in a real kernel."""
    done = shell.run(f"python execute.py ../{NOTEBOOK} executed.ipynb", **shell.watch("notebook"))
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads((shell.folder / "executed.ipynb").read_text())


def test_the_notebook_deploys_asks_and_takes_away(executed: Any) -> None:
    found = answers(executed)
    assert found[0] == "'mlw-azml-local'"
    assert "Succeeded" in found[2]
    assert found[3] == "{'blue': 100}"
    assert found[4] == "[1, 0, 1, 0]"
    assert found[5].startswith("['mlflow-")
    assert "scoring_uri: https://127.0.0.1:" in found[6]
    assert "blue: 1 x Standard_D4as_v4" in found[6]
    assert found[7] == "(200, [1], 'blue')"
    assert found[8] == "[]"


def test_the_notebook_was_executed_as_it_lies_there(executed: Any, shell: Shell) -> None:
    """Its outputs are those of a run, up to names with the time in them and ports."""
    kept = json.loads((shell.clone.root / NOTEBOOK).read_text())
    assert [cell["source"] for cell in kept["cells"]] == [cell["source"] for cell in executed["cells"]]
    same = [index for index in range(9) if index not in (5, 6)]
    assert [answers(kept)[index] for index in same] == [answers(executed)[index] for index in same]


def test_nothing_leaves_the_machine_from_a_notebook_either(executed: Any, shell: Shell) -> None:
    """In a kernel azure-ai-ml reports to Microsoft, unless it is stopped."""
    hosts = shell.hosts("notebook")
    assert len(hosts) > 20
    assert {host for host in hosts if not host.startswith(("127.", "localhost"))} == set()


def test_a_safe_rollout_loses_no_request(shell: Shell) -> None:
    done = shell.run("cd .. && python examples/safe_rollout.py rolling", **shell.watch("rollout"))
    assert done.returncode == 0, done.stderr[-4000:]
    said = dict(line.lstrip(".").split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    assert said["blue serves everybody"] == "blue answered 60"
    assert said["blue has 2 instances"] == "blue answered 60"
    assert said["green is there and has no users"] == "blue answered 60"
    assert said["green by name"] == "[1, 0, 1, 1]"
    assert said["a tenth is copied to green"] == "blue answered 60"
    assert "blue answered" in said["a tenth goes to green"]
    assert said["green serves everybody"] == said["blue is gone"] == "green answered 60"
    assert set(shell.hosts("rollout")) == {"127.0.0.1"}
    assert "rolling" not in shell.endpoints()
