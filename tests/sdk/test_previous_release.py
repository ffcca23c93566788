"""azure-ai-ml's previous minor release, in an environment of its own, and what its models know."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from azml.toolchain.cache import cache_folder
from scripts.published.previews import MEMBERS
from tests.sdk.conftest import Shell

LOCK = Path(__file__).with_name("previous.txt")
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="session")
def previous() -> Path:
    """The environment's Python. It is kept in the user's cache, under the lock's hash."""
    name = hashlib.sha256(f"{sys.version_info[:2]}".encode() + LOCK.read_bytes()).hexdigest()[:16]
    folder = cache_folder() / "tests" / f"azure-ai-ml-{name}"
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        uv = [str(UV), "--quiet"]
        subprocess.run([*uv, "venv", "--clear", "--python", sys.executable, str(folder)], check=True)
        sync = ["pip", "sync", "--require-hashes", "--python", str(python), str(LOCK)]
        subprocess.run([*uv, *sync], check=True)
        (folder / "done").touch()
    return python


def test_the_previous_release_makes_an_endpoint_serve(shell: Shell, previous: Path) -> None:
    # The environment is kept, so the byte code of what is imported is, too, whatever this machine says.
    done = shell.run(f"{previous} previous.py", PYTHONDONTWRITEBYTECODE="")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert json.loads(seen.pop("answer"))["model"] == "light"
    assert re.fullmatch(r"1\.34\.\d+", seen.pop("release"))
    assert seen == {"state": "Succeeded", "traffic": {"blue": 100}, "rotated": True, "log": True}


def test_members_of_other_versions_are_in_that_releases_models(previous: Path) -> None:
    models = previous.parents[1].glob("lib/*/site-packages/azure/ai/ml/_restclient/v20*/models/_models*.py")
    text = "".join(file.read_text() for file in models)
    wanted = {member for members in MEMBERS.values() for member in members}
    assert {name for name in wanted if f"{name}'" not in text and f'{name}"' not in text} == set()
