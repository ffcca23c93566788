"""Deployments of one model, as Microsoft's own server runs them: what one does, the other does not meet."""

import shutil
import textwrap
from dataclasses import replace
from pathlib import Path

from tests.emulator.harness import Harness, until

SCORE = """
    import colorsys, importlib.util, json, marshal, os
    import gunicorn
    from pathlib import Path

    def init():
        global model
        model = Path(os.environ["AZUREML_MODEL_DIR"], "model.txt")

    def run(data):
        if told := json.loads(data).get("write"):
            with model.open("r+") as file:
                file.write(told)
            Path(__file__).with_name("written.py").write_text(told)
            plant(Path(importlib.util.cache_from_source(colorsys.__file__)))
            plant(Path(gunicorn.__file__).with_name("planted.py"))
        if json.loads(data).get("die"):
            os.kill(os.getppid(), 9)
        return [model.read_text(), sorted(path.name for path in Path(__file__).parent.glob("*.py"))]

    def plant(path):
        found = os.stat(colorsys.__file__)
        marks = (0, int(found.st_mtime), found.st_size)
        code = marshal.dumps(compile("raise SystemExit('planted')", "planted", "exec"))
        head = importlib.util.MAGIC_NUMBER + b"".join(mark.to_bytes(4, "little") for mark in marks)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(head + code)
        except OSError:
            print("refused:", path.name)
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
    await what_it_imports_is_compiled_by_us_alone(harness)

    green = replace(blue, key="/e/green", name="green")
    assert (await harness.settled(green)).state == "ready"
    header = {"azureml-model-deployment": "green"}
    assert (await harness.ask({}, **header))[1] == ["good", ["score.py"]]
    assert (await harness.ask({}))[1][0] == "evil", "its own it may write to"
    await harness.dataplane.delete_deployment("/e/green")
    assert len(list((run_dir / "instances").iterdir())) == 1

    (site,) = environment_of(harness).glob("lib/python*/site-packages")
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


async def what_it_imports_is_compiled_by_us_alone(harness: Harness) -> None:
    """Else green, which imports the same module, would end with what blue planted."""
    said = harness.dataplane.logs("/e/blue", "inference-server", 1000)
    assert [line for line in said.splitlines() if "refused: " in line]
    await harness.dataplane.byte_code.compiled()
    compiled = [path.name for path in environment_of(harness).glob("byte-code-*/**/*.pyc")]
    assert {name.partition(".")[0] for name in compiled} >= {"colorsys", "entry", "create_app", "__init__"}
    assert "score" not in {name.partition(".")[0] for name in compiled}


def environment_of(harness: Harness) -> Path:
    log = harness.dataplane.logs("/e/blue", "storage-initializer", 1000)
    (found,) = {path for path in harness.environments.iterdir() if path.is_dir() and path.name in log}
    return found
