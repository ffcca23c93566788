"""A stack from before versions were numbers."""

from dataclasses import replace

import yaml

from tests.stack.conftest import ROOT, Stack

BEFORE = """\
import runpy

from azml.bundling import assets, environments, versions

for module in (assets, environments, versions):
    module.version_of = lambda digest: digest
runpy.run_path({program!r}, run_name="__main__")
"""


def main_of(stack: Stack, folder: str) -> None:
    """Have the stack run the program in that folder."""
    text = yaml.safe_load((stack.folder / "Pulumi.yaml").read_text())
    (stack.folder / "Pulumi.yaml").write_text(yaml.safe_dump({**text, "main": folder}))


def reference(place: str) -> str:
    """A version's id as a deployment file names it."""
    *_, name, _, version = place.split("/")
    return f"azureml:{name}:{version}"


def test_a_stack_with_hexadecimal_versions_changes_nothing(stack: Stack) -> None:
    """No upload, no version and no write of the live slots, also where a file names the old versions."""
    before = stack.folder / "before"
    before.mkdir()
    (before / "__main__.py").write_text(BEFORE.format(program=str(ROOT / "__main__.py")))
    main_of(stack, f"{before}/")
    stack.serve({"blue": {}}, {"blue": 100})
    endpoints = stack.settings["azml:endpoints"]
    held = replace(stack, name=f"held-{stack.name}")
    endpoints["held"] = {**endpoints["echo"], "name": held.name}
    stack.write()
    stack.up()
    live = stack.azure.arm("GET", f"{stack.endpoint}/deployments/blue")["properties"]
    assert not live["model"].rpartition("/")[2].isdigit()

    main_of(stack, f"{ROOT}/")
    freeze(held)
    endpoints["held"]["deployments"] = {"blue": {"file": "frozen.yml"}}
    stack.write()
    start = len(stack.azure.journal())
    stack.up()
    written = [entry["path"] for entry in stack.azure.journal()[start:] if entry["method"] != "POST"]
    assert written == []

    # What is new gets a number, and Microsoft's server reads it. What a file names is not new.
    (stack.scoring / "models" / "blue.txt").write_text("bluer\n")
    endpoints["echo"]["allow_live_change"] = True
    stack.write()
    start = stack.mark()
    stack.up()
    live = stack.azure.arm("GET", f"{stack.endpoint}/deployments/blue")["properties"]
    assert live["model"].rpartition("/")[2].isdigit()
    assert stack.predict() == ["bluer"]
    assert held.writes(start) == []
    stack.azure.arm("DELETE", held.endpoint)


def freeze(stack: Stack) -> None:
    """Write a deployment file that names the versions which blue has."""
    live = stack.azure.arm("GET", f"{stack.endpoint}/deployments/blue")["properties"]
    code = reference(live["codeConfiguration"]["codeId"])
    frozen = {
        **yaml.safe_load((stack.scoring / "blue.yml").read_text()),
        "model": reference(live["model"]),
        "environment": reference(live["environmentId"]),
        "code_configuration": {"code": code, "scoring_script": "score.py"},
    }
    (stack.scoring / "frozen.yml").write_text(yaml.safe_dump(frozen))
