"""Folders that deployments run from: laid out again where they are gone, found where all of it moved."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.fixtures.control_plane import (
    ENDPOINT,
    build_assets,
    build_workspace,
    deployment_body,
    endpoint_body,
)
from tests.fixtures.in_process import InProcessAzure
from tests.fixtures.waiting import eventually


def test_a_deployment_comes_back_without_its_folders_and_in_another_place(tmp_path: Path) -> None:
    azure = InProcessAzure(tmp_path / "first")
    azure.start()
    build_workspace(azure)
    build_assets(azure)
    azure.done(azure.arm("PUT", ENDPOINT, endpoint_body()))
    azure.done(azure.arm("PUT", f"{ENDPOINT}/deployments/blue", deployment_body()))
    azure.stop()
    (tmp_path / "first").rename(tmp_path / "moved")
    shutil.rmtree(tmp_path / "moved" / "laid-out")
    with closing(sqlite3.connect(tmp_path / "moved" / "azure.db")) as store:
        assert str(tmp_path) not in "\n".join(store.iterdump())

    moved = InProcessAzure(tmp_path / "moved")
    moved.start()
    eventually(lambda: moved.own("GET", "health").body["restored"])
    assert moved.own("GET", "health").body["lost"] == []
    (given,) = moved.dataplane.deployments.values()
    model, code = Path(given["model_folder"]), Path(given["code_folder"])
    moved.stop()
    assert (model / "model" / "weights.bin").read_bytes() == b"weights"
    assert (code / "score.py").is_file()
    assert model.is_relative_to(tmp_path / "moved" / "laid-out")
    assert (tmp_path / "moved" / "azure.db.copy").is_file()
