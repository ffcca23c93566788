"""Files of a stopped local Azure that are damaged, and from which its next start has to recover.

A damage is added here once the local Azure mends it.
"""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

_GARBAGE = b"\x00\xff not what was here"


def _garbage(*names: str) -> Callable[[Path], None]:
    """Other bytes in a file."""

    def damage(folder: Path) -> None:
        for name in names:
            (folder / name).write_bytes(_GARBAGE)

    return damage


def _cut(*names: str) -> Callable[[Path], None]:
    """Nothing in a file."""

    def damage(folder: Path) -> None:
        for name in names:
            (folder / name).write_bytes(b"")

    return damage


def _without(*names: str) -> Callable[[Path], None]:
    """No such file or folder."""

    def damage(folder: Path) -> None:
        for name in names:
            shutil.rmtree(folder / name, ignore_errors=True)
            (folder / name).unlink(missing_ok=True)

    return damage


def _file_for_folder(name: str) -> Callable[[Path], None]:
    """A file where a folder was."""

    def damage(folder: Path) -> None:
        shutil.rmtree(folder / name)
        (folder / name).write_bytes(_GARBAGE)

    return damage


def _folder_for_file(name: str) -> Callable[[Path], None]:
    """A folder where a file was, or could be."""

    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name / "inside").mkdir(parents=True)

    return damage


DAMAGES: Mapping[str, Callable[[Path], None]] = {
    "the record is garbage": _garbage("emulator.json"),
    "the record is empty": _cut("emulator.json"),
    "the lock is garbage": _garbage("supervisor.lock"),
    "the logs are gone": _without("logs"),
    "the collected data's folder is gone": _without("collected"),
    "the laid-out folders are gone": _without("laid-out"),
    "the run folder's note is gone": _without("run.json"),
    "the run folder's note is garbage": _garbage("run.json"),
    "the metrics are gone": _without("metrics.db", "metrics.db-wal", "metrics.db-shm"),
    "the metrics are empty": _cut("metrics.db"),
    "the metrics are garbage": _garbage("metrics.db"),
    "the store is garbage": _garbage("azure.db"),
    "the store is empty": _cut("azure.db"),
    "the store is gone": _without("azure.db"),
    "the store's copy is garbage": _garbage("azure.db.copy"),
    "the folders that deployments run from are gone": _without("laid-out"),
    "the logs are a file": _file_for_folder("logs"),
    "the note of what was mended is a folder": _folder_for_file("mended.log"),
    "the record is a folder": _folder_for_file("emulator.json"),
    "the run folder's note is a folder": _folder_for_file("run.json"),
    "the secrets are garbage": _garbage("identity.json"),
    "the authority is garbage": _garbage("ca-key.pem"),
    "the certificates are gone": _without("ca.pem", "ca-key.pem", "ca-bundle.pem", "server.pem"),
    "the server's certificate is garbage": _garbage("server.pem"),
    "the server's certificate is a folder": _folder_for_file("server.pem"),
}
"""What is done to the folder, by what it is called in the table's examples."""
