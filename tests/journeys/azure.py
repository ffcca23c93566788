"""The Azure that the journeys run on: a local one of their own, or a subscription somebody named.

Both are reached the same way, by a clone of the project in a folder of its own, with a stack and credentials.
What differs stands here and in tests/journeys/starting.py: which Pulumi project the stack belongs to, how a
policy comes into force, and who has to start and stop Azure.
"""

import base64
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from azml.azure.arm import Arm
from azml.azure.endpoints import API_VERSION
from azml.azure.errors import OperationFailedError
from azml.azure.http import Response, trust
from azml.azure.settings import read_settings
from tests.fixtures.clones import TestClone

LOCAL = "local"
"""What to say in place of a subscription's id for the local Azure."""
COMMAND_LIMIT = 4 * 3600.0
"""Seconds one command may take: on Azure a deployment alone takes 10 to 20 minutes to fail."""

STORAGE_SCOPE = "https://storage.azure.com/.default"
POLICY_API = "2022-06-01"
APPEND_TAG = "/providers/Microsoft.Authorization/policyDefinitions/2a0e14a6-b0a6-4fab-991a-187a4f81c498"
"""Azure's built-in policy "Append a tag and its value to resources"."""
POLL_SECONDS = 15.0


@dataclass(frozen=True)
class Run:
    """One command: its exit code and all it printed."""

    code: int
    text: str


@dataclass(frozen=True)
class Azure:
    """An Azure to run on. `clone` holds the program and its state; `variables` are what commands need."""

    subscription: str
    location: str
    group: str
    workspace: str
    endpoint: str
    clone: str
    stack: str
    variables: Mapping[str, str]

    @property
    def local(self) -> bool:
        """Whether it is on this machine."""
        return self.stack == LOCAL

    @property
    def root(self) -> Path:
        """The clone's folder."""
        return Path(self.clone)

    @property
    def project(self) -> Path:
        """The folder of the Pulumi project."""
        return self.root / "local" if self.local else self.root

    @property
    def stack_file(self) -> Path:
        """The stack's settings."""
        return self.project / f"Pulumi.{self.stack}.yaml"

    @property
    def group_id(self) -> str:
        """The resource group's id: everything the journeys make is in it."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    @property
    def workspace_id(self) -> str:
        """The workspace's id."""
        return f"{self.group_id}/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace}"

    @property
    def endpoint_id(self) -> str:
        """The endpoint's id."""
        return f"{self.workspace_id}/onlineEndpoints/{self.endpoint}"

    @cached_property
    def arm(self) -> Arm:
        """Azure Resource Manager, signed in once as the identity the stack is deployed by; see `close`."""
        return Arm(read_settings({}, self.variables))

    def close(self) -> None:
        """Close the connections of this process to it."""
        if "arm" in self.__dict__:
            self.arm.http.close()

    @property
    def mark(self) -> str:
        """What makes the names of this run its own: eight hex digits."""
        return self.workspace.rpartition("-")[2]

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        version: str = API_VERSION,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """One request to Azure Resource Manager; every status is an answer."""
        return self.arm.send(method, path, version, body, query)

    def write(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        version: str = API_VERSION,
        query: Mapping[str, str] | None = None,
    ) -> Response:
        """A write or delete; what it was answered first, once Azure has carried it out or failed to."""
        answered = self.ask(method, path, body, version, query)
        if answered.status < 300:
            self.failure(answered)
        return answered

    def failure(self, started: Response) -> str:
        """Wait for the operation that a write has begun; Azure's code for why it failed, or nothing."""
        try:
            self.arm.wait(started)
        except OperationFailedError as error:
            return error.code
        return ""

    def http(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"", *, signed: bool = False
    ) -> Response:
        """One request to storage, as the identity of the stack unless the address is `signed`."""
        own = {} if signed else {"Authorization": f"Bearer {self.arm.token(STORAGE_SCOPE)}"}
        named = {"x-ms-version": "2023-11-03", **own, **headers}
        return self.arm.http.request(method, url, headers=named, body=content or None)

    def claims(self) -> dict[str, Any]:
        """What the token of the identity that runs this says: `oid`, its object id, and `tid`, its tenant."""
        payload = self.arm.token(STORAGE_SCOPE).split(".")[1]
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return found

    def score(self, url: str, headers: Sequence[tuple[str, str]]) -> Response:
        """Ask an endpoint for a prediction of `{}`; headers go out as they are, also twice the same."""
        parts = urlsplit(url)
        connection = HTTPSConnection(parts.netloc, timeout=100, context=trust())
        try:
            connection.putrequest("POST", parts.path, skip_host=any(name == "Host" for name, _ in headers))
            for name, value in (("Content-Type", "application/json"), ("Content-Length", "2"), *headers):
                connection.putheader(name, value)
            connection.endheaders(b"{}")
            answer = connection.getresponse()
            reply = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, reply, answer.read(), url)
        finally:
            connection.close()

    def until(
        self, ask: Callable[[], Response], held: Callable[[Response], bool], minutes: float
    ) -> Response:
        """The first answer that holds, or the last one after `minutes`. The local Azure is asked once."""
        deadline = time.monotonic() + (0 if self.local else minutes * 60)
        while not held(answer := ask()) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return answer

    @contextmanager
    def policy(self, name: str, value: str) -> Iterator[None]:
        """A policy in force that adds a tag to what is in the group: the built-in one, or a steered one."""
        if self.local:
            with self._steered("policies", {"tags": {name: value}, "path_pattern": self.group}):
                yield
            return
        place = f"{self.group_id}/providers/Microsoft.Authorization/policyAssignments/azml-verify"
        given = {"tagName": {"value": name}, "tagValue": {"value": value}}
        body = {"properties": {"policyDefinitionId": APPEND_TAG, "parameters": given}}
        self.arm.put(place, POLICY_API, body)
        try:
            yield
        finally:
            self.arm.delete(place, POLICY_API)

    @contextmanager
    def firewall(self, account: str) -> Iterator[None]:
        """What network rules do to an account's data, which the local Azure keeps and does not act on."""
        if not self.local:
            yield
            return
        name = f"/{account.rpartition('/')[2]}.blob."
        body = {"path_pattern": re.escape(name), "status": 403, "code": "AuthorizationFailure", "times": 100}
        with self._steered("faults", body):
            yield

    def limit_cores(self, family: str, cores: int) -> None:
        """Give the local Azure a quota; a subscription has its own."""
        if self.local:
            place = f"/subscriptions/{self.subscription}/providers/Microsoft.MachineLearningServices"
            limits = {"value": [{"id": family, "limit": cores}]}
            self.ask("POST", f"{place}/locations/{self.location}/updateQuotas", limits)

    @contextmanager
    def _steered(self, page: str, asked: Mapping[str, Any]) -> Iterator[None]:
        clone = TestClone(self.root)
        clone.own("POST", page, asked)
        try:
            yield
        finally:
            clone.own("DELETE", page)

    def pulumi(self, *arguments: str, **variables: str) -> Run:
        """Run Pulumi on the stack."""
        return self.pulumi_in(self.project, *arguments, **variables)

    def pulumi_in(self, project: Path, *arguments: str, **variables: str) -> Run:
        """Run Pulumi on a project in the clone."""
        command = [self.variables["AZML_PULUMI"], "-C", str(project), *arguments]
        return self._run([*command, "--non-interactive", "--color", "never"], variables)

    def state(self, project: Path | None = None) -> list[dict[str, Any]]:
        """The resources of the stack, or of a project's, as its state has them."""
        given = self.pulumi_in(project or self.project, "stack", "export")
        assert given.code == 0, given.text
        found: list[dict[str, Any]] = json.loads(given.text)["deployment"].get("resources") or []
        return found

    def azml(self, *arguments: str) -> Run:
        """Run a command of `azml` that takes `--stack`, on the stack."""
        return self._run([str(self.root / ".venv" / "bin" / "azml"), *arguments, "--stack", self.stack], {})

    def up(self, *arguments: str) -> str:
        """An update that must succeed; what it printed."""
        done = self.pulumi("up", "--yes", "--skip-preview", *arguments)
        assert done.code == 0, done.text
        return done.text

    def unchanged(self) -> None:
        """Assert that a preview is empty and that an update writes nothing."""
        preview = self.pulumi("preview", "--diff", "--expect-no-changes")
        assert preview.code == 0, preview.text
        self.up("--expect-no-changes")

    def settings(self) -> dict[str, Any]:
        """The stack's configuration."""
        found: dict[str, Any] = yaml.safe_load(self.stack_file.read_text())["config"]
        return found

    def configure(self, *, workspace: Mapping[str, Any] | None = None, **endpoint: Any) -> None:
        """Write the stack's file: one endpoint with these settings, more settings of the workspace."""
        own = {"name": self.endpoint, **endpoint}
        document = yaml.safe_load(self.stack_file.read_text()) if self.stack_file.exists() else {}
        document["config"] = {
            "azure-native:location": self.location,
            "azure-native:subscriptionId": self.subscription,
            "azml:target": "local" if self.local else "azure",
            "azml:workspace": {
                "resourceGroup": self.group,
                "name": self.workspace,
                "purge": True,
                **(workspace or {}),
            },
            "azml:endpoints": {"echo": own},
        }
        self.stack_file.write_text(yaml.safe_dump(document, sort_keys=False))

    def _run(self, command: Sequence[str], variables: Mapping[str, str]) -> Run:
        done = subprocess.run(
            command,
            cwd=self.root,
            env={**self.variables, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_LIMIT,
            check=False,
        )
        return Run(done.returncode, done.stdout)
