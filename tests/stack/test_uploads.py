"""Bundles on their way into the workspace's container, with the real engine."""

import contextlib
import re
import shutil
import subprocess
import urllib.parse
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import yaml

from azml.cli.recovery.state_repair import repair
from tests.fixtures.waiting import eventually
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
    answer = azure.own("GET", "environment")
    form = {
        "grant_type": "client_credentials",
        "client_id": answer["ARM_CLIENT_ID"],
        "client_secret": answer["ARM_CLIENT_SECRET"],
        "scope": "https://storage.azure.com/.default",
    }
    login = f"{azure.told['arm']}/{answer['ARM_TENANT_ID']}/oauth2/v2.0/token"
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


@pytest.mark.timeout(600)
def test_uploads_are_made_once_whatever_happens(stack: Stack, project: Project, tmp_path: Path) -> None:
    """One journey: a stack of blobs that becomes one of uploads, and one beside it with the same content."""
    a_stack_of_blobs_moves_over_by_itself(stack)
    the_state_fits_every_clone_of_the_project(stack, tmp_path)
    live_state = blobs(stack)
    killed = project("uploads-killed", existing=True)
    shutil.copytree(stack.scoring, killed.scoring, dirs_exist_ok=True)
    killed.serve({"blue": {}, "green": {}}, {})
    (killed.scoring / "src-green" / "score.py").write_text(f"{SCORE}\n# to be killed\n")
    (killed.scoring / "src-green" / "second.py").write_text("")
    (killed.scoring / "models" / "green.txt").write_text("uploaded by nobody else\n")
    a_refusal_says_what_is_missing(killed)
    what_a_killed_up_has_sent_stays_and_the_next_one_goes_on(killed)
    assert live_state.items() <= blobs(stack).items(), "what the first stack had sent was not sent again"


def a_stack_of_blobs_moves_over_by_itself(stack: Stack) -> None:
    """Nothing is uploaded again or deleted."""
    program(stack, BLOB_PER_FILE)
    unheard_of(stack.scoring)
    stack.serve({"blue": {}}, {"blue": 100})
    stack.up()
    before = blobs(stack)
    assert "azure-native:storage:Blob" in stack.state
    program(stack, ROOT)
    start = stack.mark()
    stack.up()
    assert stack.writes(start) == []
    assert "azure-native:storage:Blob" not in stack.state
    assert "azml:index:BundleUpload" in stack.state
    assert str(stack.folder) not in stack.state
    assert blobs(stack) == before


def the_state_fits_every_clone_of_the_project(stack: Stack, tmp_path: Path) -> None:
    moved = replace(stack, folder=tmp_path / "elsewhere", settings=dict(stack.settings))
    shutil.copytree(stack.folder, moved.folder)
    moved.serve({"blue": {}}, {"blue": 100})
    assert moved.run("stack", "select", "local").code == 0
    moved.preview("--expect-no-changes")


def a_refusal_says_what_is_missing(stack: Stack) -> None:
    """Models are refused for want of a role, code by the network; what is refused is not in the state."""
    for kind, code in (("models", "AuthorizationPermissionMismatch"), ("code", "AuthorizationFailure")):
        pattern = rf"blob\.emulator.*/azml/{kind}"
        refusal = {"path_pattern": pattern, "status": 403, "code": code, "times": 100}
        stack.azure.own("POST", "faults", refusal)
    done = stack.run("up", "--yes", "--skip-preview", "--continue-on-error", *TARGETS)
    stack.azure.own("DELETE", "faults")
    assert done.code != 0
    role = "needs the role 'Storage Blob Data Contributor' at /subscriptions/"
    for words in (role, "the network rules of the storage account"):
        assert words in done.text
    uploads = [
        one["inputs"]["files"] for one in stack.resources() if one["type"] == "azml:index:BundleUpload"
    ]
    assert not any(name in files for files in uploads for name in ("green.txt", "second.py"))


def what_a_killed_up_has_sent_stays_and_the_next_one_goes_on(stack: Stack) -> None:
    delay = {"path_pattern": r"second\.py", "method": "PUT", "delay_ms": 600_000, "times": 100}
    stack.azure.own("POST", "faults", delay)
    known = set(blobs(stack))
    killed = begun(stack)
    try:
        eventually(lambda: any(name.endswith("/score.py") for name in blobs(stack).keys() - known), 60)
    finally:
        # With its plugins: they would live for another half a second, and send what is no longer delayed.
        family = [psutil.Process(killed.pid), *psutil.Process(killed.pid).children(recursive=True)]
        for each in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(family)
        killed.wait()
    repair(stack.folder / ".state" / ".pulumi")  # the engine may have been killed while it wrote
    stack.azure.own("DELETE", "faults")
    half = blobs(stack)
    assert not any(name.endswith("/second.py") for name in half.keys() - known)
    assert stack.run("cancel", "--yes").code == 0
    assert "azml:index:BundleUpload" in stack.up(*TARGETS)
    whole = blobs(stack)
    assert {name: whole[name] for name in half} == half
    assert any(name.endswith("/second.py") for name in whole.keys() - half.keys())


def begun(stack: Stack) -> "subprocess.Popen[bytes]":
    """An update that is under way."""
    command = [str(stack.cli), "up", "--yes", "--skip-preview", "--non-interactive", *TARGETS]
    return subprocess.Popen(
        command,
        cwd=stack.folder,
        env=stack.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
