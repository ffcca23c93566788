"""A writer of frames that nobody waits for: a thread writes them to files that the control plane takes up."""

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
"""Bytes that may wait to be written; what comes then is dropped, as Azure's collector does."""
_FILE_LIMIT = 8 * 1024 * 1024
_FILES_LIMIT = 64
"""Files that may wait for a control plane that is away."""
_PAUSE_SECONDS = 0.2
"""How long frames are gathered into one file."""
log = logging.getLogger(__name__)


class Spool:
    """Files of frames in a folder, complete as soon as they are named `*.ready`; their names are in order."""

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
        """Take a frame; returns at once."""
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
        """Write what waits, and end the thread."""
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
            # What comes next would not fit either: the disk is full, or the folder is gone.
            self._drop()
            log.warning("collected data is lost: %s", error)
        with contextlib.suppress(OSError):
            part.replace(part.with_suffix(READY))  # the frames that are whole count

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
    """Have what a killed writer left half written taken as far as it goes; this process may write on."""
    for part in private_folder(folder).glob(f"*{_PART}"):
        if not part.stem.endswith(f"-{os.getpid()}"):
            part.replace(part.with_suffix(READY))
