"""What the program's process leaves out of the SDK's work, and what stays."""

import subprocess
import sys
import threading
from typing import Any

import pytest
from pulumi.runtime.proto import engine_pb2

from azml.toolchain import sdk_work

ALIASES = """
import pulumi
from pulumi import Alias, ResourceOptions
from pulumi.runtime import mocks, resource, set_mocks
from pulumi.runtime.proto import resource_pb2
from azml.toolchain import sdk_work

class Nothing(mocks.Mocks):
    def new_resource(self, args):
        return "id", args.inputs
    def call(self, args):
        return {}, None

class Monitor(mocks.MockMonitor):
    def __init__(self, knows_aliases):
        super().__init__(Nothing())
        self.knows_aliases, self.seen = knows_aliases, []
    def GetDeploymentInfo(self, request):
        info = super().GetDeploymentInfo(request)
        if not self.knows_aliases:
            info.supportedFeatures.remove(resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS)
        return info
    def RegisterResource(self, request):
        self.seen += [*map(str, request.aliases), *request.aliasURNs]
        return super().RegisterResource(request)

def sent(knows_aliases):
    monitor = Monitor(knows_aliases)
    set_mocks(Nothing(), monitor=monitor)
    @pulumi.runtime.test
    def program():
        aliases = [Alias(name="old"), Alias(type_="t:t:Older"), "urn:pulumi:s::p::t:t:T::x"]
        parent = pulumi.ComponentResource("t:t:Old", "new", None, ResourceOptions(aliases=aliases))
        child = pulumi.CustomResource("t:t:Child", "new-child", {},
            ResourceOptions(parent=parent, aliases=[Alias(name="old-child")]))
        return child.urn
    program()
    return monitor.seen

made = []
create_urn = resource.create_urn
def counted(*given):
    made.append(given)
    return create_urn(*given)
resource.create_urn = counted

before = sent(True), sent(False)
some, made[:] = len(made), []
sdk_work.put_off_urns_of_aliases()
after = sent(True), len(made), sent(False)
assert before == (after[0], after[2]), (before, after)
assert some > after[1] == 2, "where the engine takes aliases, only the mocks compute URNs: of both resources"
assert len(before[0]) == 4 and len(before[1]) == 9, before
print(type(pulumi.resource.collapse_alias_to_urn(Alias(name="one"), "n", "t", None)).__name__)
try:
    pulumi.runtime.test(lambda: pulumi.resource.collapse_alias_to_urn(Alias(name=None), "n", "t", None))()
except Exception as fault:
    print(fault)
"""


@pytest.mark.process
def test_engines_get_the_same_aliases_and_nothing_is_computed_for_those_that_can() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALIASES], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["_Urn", "No valid 'name' passed in for alias."]


class Engine:
    """What the engine has been told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, str]] = []
        self.heard = threading.Event()

    def log(self, request: engine_pb2.LogRequest, **options: Any) -> None:
        self.told.append((request.severity, request.message))
        self.heard.set()


def request(message: str, severity: int = engine_pb2.DEBUG, **fields: Any) -> engine_pb2.LogRequest:
    return engine_pb2.LogRequest(severity=severity, message=message, **fields)  # type: ignore[arg-type]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(sdk_work, "_GATHERED_SECONDS", 3600.0)
    return Engine()


def test_debug_messages_wait_for_each_other_and_for_nothing_else(engine: Engine) -> None:
    log = sdk_work._Log(engine.log)
    for message in ("one", "two"):
        log(request(message))
    assert engine.told == []
    log(request("a warning", engine_pb2.WARNING), timeout=5)
    log(request("three"))
    log(request("of a resource", urn="urn:pulumi:s::p::t:t:T::x"))
    log(request("four"))
    log.send()
    log.send()
    assert engine.told == [
        (engine_pb2.DEBUG, "one\ntwo"),
        (engine_pb2.WARNING, "a warning"),
        (engine_pb2.DEBUG, "three"),
        (engine_pb2.DEBUG, "of a resource"),
        (engine_pb2.DEBUG, "four"),
    ]


def test_a_program_that_hangs_has_told_what_it_did(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk_work, "_GATHERED_SECONDS", 0.0)
    log = sdk_work._Log(engine.log)
    log(request("about to wait"))
    assert engine.heard.wait(10)
    assert engine.told == [(engine_pb2.DEBUG, "about to wait")]
