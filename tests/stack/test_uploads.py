"""Bundles on their way into the workspace's container, with the real engine."""

import os
import re
import shutil
import signal
import subprocess
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.stack.conftest import ROOT, SCORE, Project, Stack, StackAzure, scoring_folder

BLOB_PER_FILE = Path(__file__).parent / "programs" / "blob_per_file"
PARTS = ("Workspace", "Assets", "Endpoint")
PATTERNS = ("**BundleUpload**", "**LiveSlots**", *(f"**::azml:components:{part}::**" for part in PARTS))
TARGETS = [word for pattern in PATTERNS for word in ("--target", pattern)]
"""An update that uploads, and makes no endpoint that would have to serve."""


def blobs(stack: Stack) -> dict[str, str]:
    """The ETag of every blob of the workspace, which any write would change."""
    azure = stack.azure
    workspace = azure.arm("GET", stack.endpoint.partition("/onlineEndpoints/")[0])["properties"]
    name = workspace["storageAccount"].rpartition("/")[2]
    place = f"{azure.told['arm']}/{name}.blob.emulator/azureml-blobstore-{workspace['workspaceId']}"
    listed = azure.text("GET", f"{place}?restype=container&comp=list&prefix=azml/", token_for(azure))
    found = re.findall(r"<Name>(.*?)</Name>.*?<Etag>(.*?)</Etag>", listed)
    return dict(found)


def token_for(azure: StackAzure) -> str:
    told = azure.own("GET", "environment")
    form = {
        "grant_type": "client_credentials",
        "client_id": told["ARM_CLIENT_ID"],
        "client_secret": told["ARM_CLIENT_SECRET"],
        "scope": "https://storage.azure.com/.default",
    }
    login = f"{azure.told['arm']}/{told['ARM_TENANT_ID']}/oauth2/v2.0/token"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    found: str = azure.ask("POST", login, urllib.parse.urlencode(form).encode(), **kind)["access_token"]
    return found


def program(stack: Stack, folder: Path) -> None:
    """Have the project run another program."""
    file = stack.folder / "Pulumi.yaml"
    text = yaml.safe_load(file.read_text())
    text["main"] = f"{folder}/"
    file.write_text(yaml.safe_dump(text))


def unheard_of(folder: Path) -> None:
    """Make a scoring folder whose content no other test has uploaded: a Blob is not created twice."""
    scoring_folder(folder)
    (folder / "models" / "blue.txt").write_text("uploaded one by one\n")
    script = folder / "src-blue" / "score.py"
    script.write_text(f"{script.read_text()}\n# uploaded one by one\n")


def test_a_stack_of_blobs_moves_over_by_itself(stack: Stack, project: Project, tmp_path: Path) -> None:
    """Nothing is uploaded again or deleted; and the state that is left fits every clone of the project."""
    program(stack, BLOB_PER_FILE)
    unheard_of(stack.scoring)
    stack.serve({"blue": {}}, {"blue": 100})
    stack.up()
    before = blobs(stack)
    assert "azure-native:storage:Blob" in stack.run("stack", "export").text
    program(stack, ROOT)
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == []
    exported = stack.run("stack", "export").text
    assert "azure-native:storage:Blob" not in exported
    assert "azml:index:BundleUpload" in exported
    assert str(stack.folder) not in exported
    stack.up("--expect-no-changes")
    assert blobs(stack) == before

    moved = replace(stack, folder=tmp_path / "elsewhere", settings=dict(stack.settings))
    shutil.copytree(stack.folder, moved.folder)
    moved.serve({"blue": {}}, {"blue": 100})
    assert moved.run("stack", "select", "local").code == 0
    moved.preview("--expect-no-changes")

    other = project("uploads-other", existing=True)
    shutil.copytree(stack.scoring, other.scoring, dirs_exist_ok=True)
    other.serve({"blue": {}}, {})
    assert "azml:index:BundleUpload" in other.up(*TARGETS)
    assert blobs(stack) == before


@pytest.mark.usefixtures("workspace")
def test_an_up_that_was_refused_or_killed_goes_on(project: Project) -> None:
    """Refusals say what is missing, and nothing is in the state. What a killed run sent stays as it is."""
    stack = project("uploads-killed", existing=True)
    stack.serve({"green": {}}, {})
    (stack.scoring / "src-green" / "score.py").write_text(f"{SCORE}\n# to be killed\n")
    (stack.scoring / "src-green" / "second.py").write_text("")
    for code, words in (
        (
            "AuthorizationPermissionMismatch",
            "needs the role 'Storage Blob Data Contributor' at /subscriptions/",
        ),
        ("AuthorizationFailure", "the network rules of the storage account"),
    ):
        refusal = {"path_pattern": "blob.emulator", "status": 403, "code": code, "times": 100}
        stack.azure.own("POST", "faults", refusal)
        done = stack.run("up", "--yes", "--skip-preview", *TARGETS)
        stack.azure.own("DELETE", "faults")
        assert done.code != 0
        assert words in done.text
    assert "azml:index:BundleUpload" not in stack.run("stack", "export").text

    delay = {"path_pattern": r"second\.py", "method": "PUT", "delay_ms": 600_000}
    stack.azure.own("POST", "faults", delay)
    known = set(blobs(stack))
    killed = begun(stack)
    try:
        until(lambda: any(name.endswith("/score.py") for name in blobs(stack).keys() - known))
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
    stack.azure.own("DELETE", "faults")
    half = blobs(stack)
    assert not any(name.endswith("/second.py") for name in half.keys() - known)
    assert stack.run("cancel", "--yes").code == 0
    stack.up(*TARGETS)
    whole = blobs(stack)
    assert {name: whole[name] for name in half} == half
    assert any(name.endswith("/second.py") for name in whole.keys() - half.keys())


def begun(stack: Stack) -> "subprocess.Popen[bytes]":
    """An update that is under way, in a process group of its own."""
    command = [str(stack.cli), "up", "--yes", "--skip-preview", "--non-interactive", *TARGETS]
    return subprocess.Popen(
        command,
        cwd=stack.folder,
        env=stack.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
