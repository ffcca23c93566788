"""Deployments of one model, as Microsoft's own server runs them: what one does, the other does not meet."""

import shutil
import textwrap
from dataclasses import replace
from pathlib import Path

from tests.emulator.harness import Harness, until

SCORE = """
    import json, os
    from pathlib import Path

    def init():
        global model
        model = Path(os.environ["AZUREML_MODEL_DIR"], "model.txt")

    def run(data):
        if told := json.loads(data).get("write"):
            with model.open("r+") as file:
                file.write(told)
            Path(__file__).with_name("written.py").write_text(told)
        if json.loads(data).get("die"):
            os.kill(os.getppid(), 9)
        return [model.read_text(), sorted(path.name for path in Path(__file__).parent.glob("*.py"))]
"""


async def test_a_script_changes_its_own_files_alone_and_a_damaged_environment_is_built_anew(
    harness: Harness, run_dir: Path, tmp_path: Path
) -> None:
    """One journey: each of its starts of a server takes a second."""
    model = tmp_path / "m" / "1"
    model.mkdir(parents=True)
    (model / "model.txt").write_text("good")
    (harness.code / "score.py").write_text(textwrap.dedent(SCORE))
    await harness.endpoint({"blue": 100})
    blue = harness.desired(model_folder=model)
    assert (await harness.settled(blue)).state == "ready"
    assert (await harness.ask({"write": "evil"}))[1] == ["evil", ["score.py", "written.py"]]

    green = replace(blue, key="/e/green", name="green")
    assert (await harness.settled(green)).state == "ready"
    header = {"azureml-model-deployment": "green"}
    assert (await harness.ask({}, **header))[1] == ["good", ["score.py"]]
    assert (await harness.ask({}))[1][0] == "evil", "its own it may write to"
    await harness.dataplane.delete_deployment("/e/green")
    assert len(list((run_dir / "instances").iterdir())) == 1

    log = harness.dataplane.logs("/e/blue", "storage-initializer", 1000)
    (environment,) = {path for path in harness.environments.iterdir() if path.is_dir() and path.name in log}
    (site,) = environment.glob("lib/python*/site-packages")
    shutil.rmtree(site / "gunicorn")
    await harness.ask({"die": 1})
    await until(lambda: harness.dataplane.observe("/e/blue").instances_ready == 0)
    await until(lambda: harness.dataplane.observe("/e/blue").instances_ready == 1, 120)
    await harness.dataplane.publish()
    assert (await harness.ask({}))[1] == ["good", ["score.py"]], "what it wrote went with what did not start"
    said = harness.dataplane.logs("/e/blue", "storage-initializer", 1000).splitlines()
    (rows,) = [line for line in said if "is damaged" in line]
    assert "site-packages/gunicorn/" in rows
    assert rows.endswith("gone): rebuilding it")
