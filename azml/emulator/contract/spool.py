"""Writes frames in the background: a thread puts them into files that the control plane collects."""

import contextlib
import logging
import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import BinaryIO

from azml.emulator.base.files import private_folder
from azml.emulator.contract.frames import Frame, to_bytes

READY = ".ready"
_PART = ".part"
_QUEUE_LIMIT = 64 * 1024 * 1024
"""Bytes that may wait to be written; anything more is dropped, as Azure's collector does."""
_FILE_LIMIT = 8 * 1024 * 1024
_FILES_LIMIT = 64
"""Files that may wait for a control plane that is not running."""
_PAUSE_SECONDS = 0.2
"""Seconds for which frames are gathered into one file."""
log = logging.getLogger(__name__)


class Spool:
    """Files of frames in a folder, complete once they are named `*.ready`; their names sort by time."""

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)
        self._turn = threading.Lock()
        self._queue: deque[Frame] = deque()
        self._waiting = 0
        self._there = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self.dropped = 0

    def put(self, frame: Frame) -> None:
        """Queue a frame; returns at once."""
        with self._turn:
            if self._waiting + len(frame.body) > _QUEUE_LIMIT:
                self.dropped += 1
                return
            self._waiting += len(frame.body)
            self._queue.append(frame)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
            self._thread.start()
        self._there.set()

    def close(self) -> None:
        """Write what is queued, and end the thread."""
        self._closing = True
        self._there.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._closing or self._queue:
            self._there.wait()
            if not self._closing:
                time.sleep(_PAUSE_SECONDS)
            self._there.clear()
            while self._queue:
                self._write_file()

    def _write_file(self) -> None:
        if sum(1 for _ in self._folder.glob(f"*{READY}")) >= _FILES_LIMIT:
            self._drop()
            return
        part = self._folder / f"{time.time_ns():020d}-{os.getpid()}{_PART}"
        try:
            with part.open("xb") as file:
                self._write(file)
        except OSError as error:
            # Later frames would fail too: the disk is full, or the folder is gone.
            self._drop()
            log.warning("collected data is lost: %s", error)
        with contextlib.suppress(OSError):
            part.replace(part.with_suffix(READY))  # its complete frames can be used

    def _write(self, file: BinaryIO) -> None:
        written = 0
        while written < _FILE_LIMIT and (frame := self._next()):
            written += file.write(to_bytes(frame))

    def _next(self) -> Frame | None:
        with self._turn:
            if not self._queue:
                return None
            frame = self._queue.popleft()
            self._waiting -= len(frame.body)
            return frame

    def _drop(self) -> None:
        with self._turn:
            self.dropped += len(self._queue)
            self._queue.clear()
            self._waiting = 0


def take_up_parts(folder: Path) -> None:
    """Release the incomplete files of a killed writer: their complete frames are used."""
    for part in private_folder(folder).glob(f"*{_PART}"):
        if not part.stem.endswith(f"-{os.getpid()}"):
            part.replace(part.with_suffix(READY))
