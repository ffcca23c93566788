"""A whole local Azure with an endpoint that serves: blue, green, and red, whose init() fails."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from tests.emulator.local_azure import (
    ENDPOINT,
    LocalAzure,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
    wait_for,
)

SCORE = """\
import json, os

def init():
    if os.environ["FLAVOUR"] == "red":
        raise RuntimeError("no such model: red")

def run(data):
    asked = json.loads(data)
    if "long" in asked:
        return "x" * asked["long"]
    if "say" in asked:
        print(asked["say"], flush=True)
    if asked.get("fail"):
        raise ValueError("as asked")
    return {"flavour": os.environ["FLAVOUR"], "asked": asked}
"""


class WholeAzure(LocalAzure):
    """The supervisor with all its processes, where the room of the control plane has that one alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All that any of its processes wrote."""
        files = [path for path in self.folder.parent.rglob("*.log") if path.is_file()]
        return "\n".join(path.read_text(errors="replace") for path in files)

    def launch(self) -> None:
        record = self.folder / "emulator.json"
        self.folder.parent.mkdir(parents=True)
        command = [sys.executable, "-m", "azml.emulator", "--folder", str(self.folder)]
        with (self.folder.parent / "supervisor.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--port", str(self.port), "--scoring-port", "0"], stdout=log, stderr=log
            )
        self._process = process
        wait_for(lambda: record.exists() or process.poll() is not None, 60)
        assert record.exists(), self.log
        self.port = int(json.loads(record.read_text())["arm"].rpartition(":")[2])

    def kill_control_plane(self) -> None:
        """End it at once; the supervisor starts another."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        for child in children:
            if "azml.emulator.control" in child.cmdline():
                child.kill()
                child.wait(10)

    def answers(self) -> bool:
        """Whether its control plane answers now."""
        try:
            return self.own("GET", "health").status == 200
        except OSError:
            return False

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def link(self) -> str:
        """A fresh link to the studio, with its one-time code."""
        answer = self.own("POST", "studio")
        assert answer.status == 200, answer.raw
        return str(answer.body["link"])

    def shares(self) -> dict[str, int]:
        """The shares that are live now."""
        found: dict[str, int] = self.arm("GET", ENDPOINT).body["properties"]["traffic"]
        return {name: share for name, share in found.items() if share}

    def share_out(self, traffic: dict[str, int]) -> None:
        """Set the shares, whatever they were."""
        self.done(self.arm("PUT", ENDPOINT, endpoint_body(traffic)))


def build(azure: WholeAzure) -> None:
    """The endpoint diabetes with blue at 90 percent, green at 10, and red, which cannot start."""
    build_workspace(azure)
    container = build_assets(azure)
    azure.upload(container, "code/1/score.py", SCORE.encode())
    azure.done(azure.arm("PUT", ENDPOINT, endpoint_body()))
    begun = {name: _begin(azure, name) for name in ("blue", "green", "red")}
    ended = {name: _ended(azure, answer)["status"] for name, answer in begun.items()}
    assert ended == {"blue": "Succeeded", "green": "Succeeded", "red": "Failed"}, azure.log
    azure.share_out({"blue": 90, "green": 10})


def _begin(azure: WholeAzure, name: str) -> Any:
    body = deployment_body(environmentVariables={"FLAVOUR": name})
    answer = azure.arm("PUT", f"{ENDPOINT}/deployments/{name}", body)
    assert answer.status == 201, answer.raw
    return answer


def _ended(azure: WholeAzure, answer: Any) -> Any:
    deadline = time.monotonic() + 120
    while (found := _progress(azure, answer))["status"] == "InProgress":
        assert time.monotonic() < deadline, azure.log
        time.sleep(0.05)
    return found


def _progress(azure: WholeAzure, answer: Any) -> Any:
    path = answer.headers["azure-asyncoperation"].removeprefix(azure.url).partition("?")[0]
    return azure.arm("GET", path).body
