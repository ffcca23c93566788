"""Folders of endpoints go where the program reads them, and never over what is there."""

from pathlib import Path
from typing import Any, cast

import pytest

from azml.bundling import HashCache
from azml.cli.clone import Clone
from azml.cli.importing import placing
from azml.cli.importing.downloads import Downloads
from azml.cli.importing.taking import Left, Taken, Taker
from azml.cli.stacks.stacks import Stack
from tests.cli.importing.azure import Kept, deployment, endpoint

STACK = """\
config:
  azml:workspace: {resourceGroup: rg, name: ws, existing: true} # ours
  azml:endpoints:
    old:
      name: price-old
      deployments:
        blue: {}
"""


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    return Stack(Clone(tmp_path), "dev")


def take(tmp_path: Path, name: str = "price") -> Taken:
    folder = tmp_path / ".azml" / "import" / name
    downloads = Downloads(cast(Any, Kept()))
    one = endpoint(deployment(), deployment("green"), name=name, traffic={"blue": 100}, mirror={"green": 10})
    found = Taker(downloads, HashCache(tmp_path / "hashes"), lambda text: None).take(one, folder)
    assert isinstance(found, Taken)
    return found


def test_a_folder_and_the_lines_of_the_stack_file(tmp_path: Path, stack: Stack) -> None:
    one = take(tmp_path)
    assert placing.clash(one, stack) is None
    placing.declare(one, stack.file)
    placing.put([one], stack)
    assert (tmp_path / "scoring" / "price" / "endpoint.yml").is_file()
    (frozen,) = set(one.files.values()) - {one.files["green"]}
    assert stack.path.read_text() == STACK + (
        "    price:\n      deployments:\n"
        f"        blue: {{file: {frozen}}}\n        green: {{file: {one.files['green']}}}\n"
        "      traffic: {blue: 100}\n      mirror_traffic: {green: 10}\n"
    )
    assert placing.known(Stack(stack.clone, "dev")) == {"price-old", "price"}


def test_a_folder_of_a_killed_run_is_used_and_a_users_is_refused(tmp_path: Path, stack: Stack) -> None:
    first = take(tmp_path)
    placing.put([first], stack)
    again = take(tmp_path)
    assert placing.clash(again, stack) is None, "the run before was killed ahead of the stack file"
    placing.put([again], stack)
    own = tmp_path / "scoring" / "price" / "endpoint.yml"
    own.write_text("name: mine\n")
    refused = placing.clash(again, stack)
    assert isinstance(refused, Left)
    assert "exists with other files (endpoint.yml)" in refused.reasons[0]
    assert own.read_text() == "name: mine\n"


def test_what_has_all_its_files_can_run_here_too(tmp_path: Path, stack: Stack) -> None:
    local = Stack(stack.clone, "local")
    local.path.parent.mkdir()
    local.path.write_text("config:\n  azml:endpoints:\n    mine: {deployments: {blue: {}}}\n")
    for one in (take(tmp_path), take(tmp_path, "half")):
        placing.declare(one, stack.file)
        placing.put([one], stack)
    (tmp_path / "scoring" / "half" / "green-deployment.yml").unlink()
    assert placing.declare_here({"price", "half", "old"}, stack, local) == ["price"]
    written = Stack(stack.clone, "local")
    assert [one.key for one in written.file.endpoints()] == ["mine", "price"]
    assert written.file.endpoint("price").file_of("blue") == "blue-deployment.yml"
    assert placing.declare_here({"price"}, stack, written) == []


def test_a_link_in_its_place_is_a_clash(tmp_path: Path, stack: Stack) -> None:
    (tmp_path / "scoring").mkdir()
    (tmp_path / "scoring" / "price").symlink_to(tmp_path / "nowhere")
    assert isinstance(placing.clash(take(tmp_path), stack), Left)


def test_a_key_that_is_taken_is_a_clash(tmp_path: Path, stack: Stack) -> None:
    assert isinstance(placing.clash(take(tmp_path, "old"), stack), Left)
