"""The local Azure under attack: an endpoint with two deployments of one script, started as `azml` does."""

import json
import socket
from collections.abc import Iterable
from pathlib import Path

import psutil
from rich.console import Console

from azml.cli.clone import Clone
from azml.cli.local import local_azure
from azml.cli.local.local_azure import LocalAzure
from azml.cli.terminal import Step
from azml.emulator.base.identity import issue_token
from tests.fixtures.control_plane import (
    ENDPOINT,
    WORKSPACE,
    Json,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.serving_azure import CONDA, ServingAzure

NAMES = ("blue", "green")
SCRIPT = b"""
import json, os

def init():
    pass

def run(data):
    return {"by": os.environ["SLOT"], "asked": json.loads(data)}
"""
_KEPT = ("", "/models/m/versions/1", "/codes/soak/versions/1", "/environments/e/versions/2")


class SoakedAzure(ServingAzure):
    """See the module. Its ports stay the same over all its starts, so that clients find it again."""

    def __init__(self, root: Path) -> None:
        self.clone = Clone(root)
        super().__init__(self.clone.emulator)
        self.port, self.scoring_port = _free_ports()
        self.lost: list[str] = []

    def launch(self) -> None:
        """Start it, as `azml emulator start` does, and wait until that would return."""
        step = Step("soak", Console(quiet=True), None)
        azure, _ = local_azure.start(self.clone, self.port, self.scoring_port, step)
        self.lost = local_azure.await_return(self.clone, azure, step)

    def stop(self) -> None:
        """Stop it, as `azml emulator stop` does."""
        local_azure.stop(self.clone)

    def kill_supervisor(self) -> list[psutil.Process]:
        """Kill the supervisor alone; those of its processes that outlive it for 5 s."""
        family = self.family()
        supervisor = psutil.Process(self.found().pid)
        supervisor.kill()
        supervisor.wait(10)
        return psutil.wait_procs(family, timeout=5)[1]

    def found(self) -> LocalAzure:
        """What its record says."""
        azure = local_azure.recorded(self.clone)
        assert azure is not None, self.log
        return azure

    def run_dir(self) -> Path:
        """The folder of its sockets, which is not below its own."""
        return Path(json.loads((self.folder / "run.json").read_bytes())["run_dir"])

    def family(self) -> list[psutil.Process]:
        """All processes under the supervisor."""
        return psutil.Process(self.found().pid).children(recursive=True)

    def processes(self, word: str) -> list[psutil.Process]:
        """Those with a word in their command line, parents before children."""
        return [one for one in self.family() if any(word in part for part in _command(one))]

    def servers(self) -> list[psutil.Process]:
        """The servers of all instances, without their workers."""
        found = self.processes("gunicorn")
        known = {one.pid for one in found}
        return [one for one in found if one.ppid() not in known]

    def inventory(self) -> Json:
        """Every resource that matters as it is read, and the list of blobs with the hash of each."""
        paths = [f"{WORKSPACE}{path}" for path in _KEPT]
        paths += [ENDPOINT, *(f"{ENDPOINT}/deployments/{name}" for name in NAMES)]
        token, _ = issue_token(self.identity, "https://storage.azure.com")
        listed = f"/account1.blob.emulator/{self.container}?restype=container&comp=list"
        blobs = self.send("GET", listed, headers={"Authorization": f"Bearer {token}"}).raw
        return {path: self.arm("GET", path).raw for path in paths} | {"blobs": blobs}

    def build(self) -> None:
        """The endpoint, and its two deployments, each with half of the traffic."""
        self.build_assets()
        self.put(ENDPOINT, endpoint_body())
        self.deploy([(ENDPOINT, name) for name in NAMES])
        self.share_out(dict.fromkeys(NAMES, 50))

    def build_assets(self) -> None:
        """The workspace with the script and its environment."""
        build_workspace(self)
        container = build_assets(self)
        self.upload(container, "soak/score.py", SCRIPT)
        uri = f"{self.url}/account1.blob.emulator/{container}/soak"
        self.put(f"{WORKSPACE}/codes/soak/versions/1", {"properties": {"codeUri": uri}})
        environment = {"properties": {"image": "img", "condaFile": CONDA}}
        self.put(f"{WORKSPACE}/environments/e/versions/2", environment)

    def deploy(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Make deployments, each of an endpoint and by a name, all at once."""
        begun = [self.arm("PUT", f"{place}/deployments/{name}", _deployment(name)) for place, name in wanted]
        for answer in begun:
            ended = self.finished(answer, 240)
            assert ended["status"] == "Succeeded", (ended, self.log)

    def management_token(self) -> str:
        """A token that its sign-in would give."""
        return issue_token(self.identity, "https://management.azure.com")[0]

    def put(self, path: str, body: Json) -> None:
        """Write a resource."""
        self.done(self.arm("PUT", path, body))


def _deployment(name: str) -> Json:
    return deployment_body(
        environmentId=f"{WORKSPACE}/environments/e/versions/2",
        codeConfiguration={"codeId": f"{WORKSPACE}/codes/soak/versions/1", "scoringScript": "score.py"},
        requestSettings={"requestTimeout": "PT30S", "maxConcurrentRequestsPerInstance": 50},
        environmentVariables={"SLOT": name},
    )


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []  # it has ended


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]
