"""An endpoint with a plan of seconds, on a local Azure of its own: one slot for each kind of candidate."""

import json
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from azml.azure.http import Http
from azml.cli.stacks.stacks import WorkspaceName
from tests.fixtures.clones import TestClone, make
from tests.fixtures.scoring_folder import DEPLOYMENT, write_files, write_scoring_folder
from tests.fixtures.waiting import eventually
from tests.fixtures.whole_azure import WholeAzure

SCORE = """\
import json
import os
import time
import zlib
from pathlib import Path


def init():
    global kind
    kind = next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("*.txt")).read_text().split()[0]


def run(data):
    number = json.loads(data)["number"]
    label = "high" if number % 1000 >= 500 else "low"
    if kind == "throws" and number % 5 == 0:
        raise ValueError(f"cannot score {number}")
    if kind == "slow":
        time.sleep(3)
    if kind == "flips" and zlib.crc32(str(number).encode()) % 100 < 3:
        label = "low" if label == "high" else "high"
    return {"label": label}
"""
OWN_DEPLOYMENT = DEPLOYMENT.replace("model/answer.txt", "models/stable.txt") + (
    "request_settings: {max_concurrent_requests_per_instance: 20}\n"
)
PLAN = """\
defaults:
  interval: 1s
  deadline: 10m
  on_inconclusive: {extend: 5s, at_most: 2}
gates:
  errors: {metric: error_rate, max: 0.05, against_stable: {max_ratio: 1.5}}
  agreement:
    compare: replay
    requests: requests.jsonl
    sample: 150
    keep_mismatches: 3
    fields: [{path: $.label, at_least: 0.98}]
  smoke: {requests: "requests/*.json", expect: {status: 200, within: 2s}}
steps:
  - smoke: [smoke]
  - {shadow: 20, for: 2s, gates: [agreement]}
  - {traffic: 50, for: 4s, gates: [errors]}
  - {traffic: 100, for: 4s, gates: [errors]}
"""
PAUSE = 0.03
"""Seconds between two requests of a client."""
WORKSPACE = WorkspaceName("00000000-0000-0000-0000-000000000001", "rg-azml-local", "mlw-azml-local")
"""That of the local stack."""
ENDPOINT = f"{WORKSPACE.id}/onlineEndpoints/labels"
KINDS = {"blue": "stable", "good": "good", "throws": "throws", "flips": "flips", "slow": "slow"}
"""What the model of each slot does."""


class Failure(NamedTuple):
    """A request that got no prediction: when it was sent, when that was known, and the status or 0."""

    began: float
    ended: float
    status: int


@dataclass
class Load:
    """Requests to the endpoint all the time; `answers` counts them by status, 0 where none came."""

    url: str
    bearer: str
    answers: Counter[int] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)

    @contextmanager
    def running(self, clients: int = 2) -> Iterator["Load"]:
        """Send while the block runs."""
        stop = threading.Event()
        threads = [threading.Thread(target=self._send, args=(stop,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    @contextmanager
    def outage(self) -> Iterator[None]:
        """What the block does cuts requests, from its beginning until one is answered again."""
        began = time.monotonic()
        yield
        with closing(Http()) as http:
            eventually(lambda: self._one(http, 1) == 200, 60)
        self.outages.append((began, time.monotonic()))

    def _send(self, stop: threading.Event) -> None:
        with closing(Http()) as http:
            for number in count(1):
                if stop.wait(PAUSE):
                    return
                began, status = time.monotonic(), self._one(http, number)
                self.answers[status] += 1
                if status != 200:
                    self.failures.append(Failure(began, time.monotonic(), status))

    def _one(self, http: Http, number: int) -> int:
        headers = {"Authorization": f"Bearer {self.bearer}", "Content-Type": "application/json"}
        body = json.dumps({"number": number}).encode()
        try:
            return http.request("POST", self.url, headers=headers, body=body).status
        except Exception:  # whatever it was, a user had no answer
            return 0

    @property
    def failed(self) -> int:
        """Requests that were not answered with a prediction."""
        return len(self.failures)

    @property
    def lost(self) -> list[Failure]:
        """Those among them that no outage has cut."""
        return [
            one
            for one in self.failures
            if not any(one.began <= ended and began <= one.ended for began, ended in self.outages)
        ]


class Stage:
    """A clone with the endpoint `labels`, deployed with these kinds of slots.

    `patience` is by how much a step is extended where too few requests came: the plan's, or a longer time.
    `tell` is called with each line that a rollout says, as soon as it does.
    """

    def __init__(
        self, folder: Path, patience: str = "5s", tell: Callable[[str], None] = lambda line: None
    ) -> None:
        self.clone: TestClone = make(folder)
        self.folder = self.clone.root / "scoring" / "labels"
        self.patience = patience
        self.tell = tell
        self._write()

    def _write(self) -> None:
        lines = [json.dumps({"number": 7 * number + 1}) for number in range(150)]
        files = {
            "plan.yml": self._plan(self.patience),
            **{f"models/{kind}.txt": f"{kind}\n" for kind in KINDS.values()},
            "requests/sample.json": '{"number": 1}\n',
            "requests.jsonl": "\n".join(lines) + "\n",
        }
        write_files(write_scoring_folder(self.folder, script=SCORE, deployment=OWN_DEPLOYMENT), files)
        slots = ", ".join(f"{slot}: {{model: {{path: models/{kind}.txt}}}}" for slot, kind in KINDS.items())
        endpoint = f"    labels:\n      deployments: {{{slots}}}\n      rollout: plan.yml\n"
        before, _, _ = self.clone.stack_file.read_text().partition("  azml:endpoints:")
        self.clone.stack_file.write_text(f"{before}  azml:endpoints:\n{endpoint}")

    def _plan(self, patience: str) -> str:
        return PLAN.replace("extend: 5s", f"extend: {patience}")

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """A rollout that starts in the block is not extended for long."""
        (self.folder / "plan.yml").write_text(self._plan("1s"))
        yield
        (self.folder / "plan.yml").write_text(self._plan(self.patience))

    def rolled_out(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Carry a rollout out with a command, each line of which is told at once."""
        command = [str(self.clone.azml), "rollout", *arguments]
        self.tell(f"$ azml rollout {' '.join(arguments)}")
        with subprocess.Popen(
            command,
            cwd=self.clone.root,
            env=self.clone.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as azml:
            assert azml.stderr is not None and azml.stdout is not None
            said = []
            for line in azml.stderr:
                self.tell(line.rstrip())
                said.append(line)
            result = azml.stdout.read()  # one sentence, at the end
        self.tell(result.strip())
        return subprocess.CompletedProcess(command, azml.returncode, result, "".join(said))

    def up(self) -> str:
        """Deploy it, and give blue all the traffic; what the update said."""
        said = ""
        for command in (("up",), ("traffic", "labels", "blue=100")):
            done = self.clone.run(*command)
            said += done.stdout + done.stderr
            assert done.returncode == 0, said
        os.environ["REQUESTS_CA_BUNDLE"] = str(self.clone.root / ".azml" / "emulator" / "ca-bundle.pem")
        return said

    def said(self, log: str) -> str:
        """What a command has said so far that was started with this log."""
        return (self.clone.root / log).read_text()

    def changed(self, slot: str) -> "subprocess.CompletedProcess[str]":
        """What an update says that would change what a slot serves."""
        (self.folder / "models" / f"{KINDS[slot]}.txt").write_text(f"{KINDS[slot]} and more\n")
        return self.clone.run("up")

    def load(self) -> Load:
        """A load for the endpoint."""
        key = self._azure().arm("POST", f"{ENDPOINT}/listKeys").body["primaryKey"]
        return Load(self._properties()["scoringUri"], key)

    def shares(self) -> dict[str, int]:
        """The endpoint's shares, as Azure says them."""
        return {slot: share for slot, share in self._properties()["traffic"].items() if share}

    def _properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self._azure().arm("GET", ENDPOINT).body["properties"]
        return found

    def _azure(self) -> WholeAzure:
        """Asked without a command: each takes a second."""
        azure = WholeAzure(self.clone.root / ".azml" / "emulator")
        azure.port = int(self.clone.environment["AZML_PORT"])
        return azure
