"""An `azml up` with an endpoint that fails, and one that takes pictures, beside one that does neither."""

import json
import re
from pathlib import Path

import psutil

from tests.fixtures.clones import TestClone
from tests.fixtures.scoring_folder import BROKEN, DEPLOYMENT, write_scoring_folder

RAW = '''\
from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse


def init():
    """Nothing to load."""


@rawhttp
def run(request: AMLRequest):
    """The picture, as it came."""
    answer = AMLResponse(request.get_data(), 200)
    answer.headers["Content-Type"] = request.headers["Content-Type"]
    return answer
'''
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
ENDPOINTS = """\
    price: {deployments: {blue: {}}, traffic: {blue: 100}}
    picture: {deployments: {blue: {}}, traffic: {blue: 100}}
"""


def scoring(clone: TestClone, name: str, script: str) -> Path:
    """The requests of a new scoring folder with this script."""
    deployment = DEPLOYMENT.replace("echo", name)
    folder = clone.root / "scoring" / name
    requests = write_scoring_folder(folder, script=script, deployment=deployment, model=name) / "requests"
    requests.mkdir()
    return requests


def test_one_failure_holds_up_no_neighbour_and_a_picture_is_a_request(echo: TestClone) -> None:
    (scoring(echo, "price", BROKEN) / "sample.json").write_text("{}")
    (scoring(echo, "picture", RAW) / "sample.png").write_bytes(PNG)
    before, rest = echo.stack_file.read_text().split("    # Says", 1)
    echo.stack_file.write_text(f"{before}{ENDPOINTS}    # Says{rest}")

    done = echo.run("up")
    assert done.returncode == 1
    assert "RuntimeError: the model is not there" in done.stdout
    assert 'blue  100 %  "one"' in done.stdout
    assert f"blue  100 %  {len(PNG)} bytes of image/png" in done.stdout
    assert "10 requests through the split (blue 100 %): blue 10" in done.stdout
    azml = ".venv/bin/azml"
    assert done.stdout.endswith(f"does not serve\n  price blue: is Failed; see: {azml} logs price blue\n")
    assert done.stderr.endswith(
        "azml: pulumi up failed; see its output above\n"
        "      correct it and run the same command again: it continues from here\n"
    )
    (line,) = re.findall(r"^ *(curl .* 'Content-Type: image/png' .*)$", done.stdout, re.MULTILINE)
    assert echo.shell(f"{line} | cmp - scoring/picture/requests/sample.png").returncode == 0
    picture = "invoke picture -f scoring/picture/requests/sample.png"
    assert echo.shell(f"{azml} {picture} | cmp - scoring/picture/requests/sample.png").returncode == 0

    refused = echo.run("invoke", "price", "-f", "scoring/price/requests/sample.json")
    assert refused.returncode == 1
    assert "404" in refused.stderr
    assert "azml logs" not in refused.stderr, "there is no traffic, of which no log tells"

    for name in ("price", "picture"):
        (echo.root / "scoring" / name / "src" / "score.py").write_text(f"{RAW}\n# mended\n")
    again = echo.run("up", "--allow-live-change", "picture")  # price has no users, picture has
    assert again.returncode == 0, again.stdout + again.stderr
    assert "does not serve" not in again.stdout
    assert re.search(r"^price  https://.*\n  blue  100 %  \{\}", again.stdout, re.MULTILINE)
    down_leaves_no_process_and_no_port_and_can_be_repeated(echo)


def down_leaves_no_process_and_no_port_and_can_be_repeated(clone: TestClone) -> None:
    printed = json.loads(clone.run("emulator", "status", "--json").stdout)
    family = psutil.Process(printed["pid"]).children(recursive=True)
    assert len(family) >= 4
    done = clone.run("down")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not psutil.pid_exists(printed["pid"])
    assert not [process for process in family if process.is_running()]
    assert clone.run("emulator", "status").returncode == 3
    again = clone.run("down")
    assert again.returncode == 0
    assert "nothing is deployed" in again.stderr
    assert "was not running" in again.stderr
