"""A cache of the hashes of files."""

import hashlib
import json
import os
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from azml.atomic_write import write_atomically
from azml.findings import Finding

from .records import BundledFile
from .selection import RAW, Chosen, identity_of
from .text import MAX_TEXT, normalised

FORMAT = 3
CHUNK = 256 * 1024  # bytes
FINE_GRAIN_NS = 50_000_000  # longer than the clock tick of any kernel
COARSE_GRAIN_NS = 2_000_000_000  # FAT and old HFS+ have a resolution of one or two seconds
MAX_ENTRIES = 200_000
_TAIL = b"}"
_OTHER_FORMAT = re.compile(rb'\{"format":\s*(?!%d\b)\d+' % FORMAT)


class HashCache:
    """Digests by inode, size, mtime and ctime in one JSON file at `path`, which includes a checksum.

    A damaged file counts as empty, and `notes` says so. Text files with CRLF line endings are deployed with
    LF; their converted copies are stored beside `path`. `reads` counts the files read so far. One cache may
    be used for many bundles; it is not thread-safe.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reads = 0
        self.notes: list[str] = []
        self._known = self._load()
        self._used: list[Sequence[Chosen]] = []
        self._new = False

    def hash(self, files: Sequence[Chosen], findings: list[Finding]) -> list[BundledFile]:
        """The deployed files for `files`, in order; reads only what may have changed. Empty with findings."""
        known, values = self._known, dict[str, str]()
        unknown = [file for file in files if file.identity not in known]
        if unknown:
            before = len(findings)
            values = self._read(list({file.identity: file for file in unknown}.values()), findings)
            if len(findings) > before:
                return []
        found = [known.get(file.identity) or values[file.identity] for file in files]
        self._used.append(files)
        # tuple.__new__, because the named constructor takes a tenth of an unchanged run
        new = tuple.__new__
        return [
            new(BundledFile, (path, location, value, size, executable))
            if len(value) == 64
            else self._converted(file, value, findings)
            for file, value in zip(files, found, strict=True)
            for path, location, _, size, executable in (file,)
        ]

    def save(self) -> None:
        """Write the digests if there are new ones. A cache that cannot be written only costs time."""
        if not self._new:
            return
        entries = self._known
        if len(entries) > MAX_ENTRIES:
            used = {file.identity for files in self._used for file in files}
            entries = {identity: value for identity, value in entries.items() if identity in used}
        files = json.dumps(entries, separators=(",", ":")).encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, _head(files) + files + _TAIL, durable=False)
        except OSError:
            return
        self._new = False

    def _load(self) -> dict[str, str]:
        try:
            stored = self.path.read_bytes()
        except OSError:
            return {}
        files = stored[len(_head(b"")) : -len(_TAIL)]
        if stored == _head(files) + files + _TAIL:
            return dict(json.loads(files))
        if not _OTHER_FORMAT.match(stored):
            self.notes.append(f"{self.path} was damaged: every file is read again")
        return {}

    def _read(self, files: Sequence[Chosen], findings: list[Finding]) -> dict[str, str]:
        """Read files, several at a time: hashing releases Python's lock."""
        self.reads += len(files)
        now = time.time_ns()
        values: dict[str, str] = {}
        with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
            for file, value in zip(files, pool.map(_digest, files), strict=True):
                if isinstance(value, Finding):
                    findings.append(value)
                    continue
                values[file.identity] = value
                if _is_settled(file, now):
                    self._known[file.identity] = value
                    self._new = True
        return values

    def _converted(self, file: Chosen, value: str, findings: list[Finding]) -> BundledFile:
        """The copy of a text file with LF line endings, created again if it is missing."""
        digest, _, size = value.partition(":")
        copy = self.path.with_name(f"{self.path.name}.text") / digest
        try:
            if not self._holds(copy, digest):
                copy.parent.mkdir(parents=True, exist_ok=True)
                content = normalised(Path(file.location).read_bytes())
                write_atomically(copy, content, durable=False)
        except OSError as error:
            message = f"cannot be copied with LF line endings to {copy.parent}: {error.strerror}"
            remedy = "let that folder be written to, or save the file with LF line endings"
            findings.append(Finding(message, remedy, Path(file.location)))
        return BundledFile(file.path, str(copy), digest, int(size), file.executable)

    def _holds(self, copy: Path, digest: str) -> bool:
        """Whether a copy exists and is intact; it is read if its times show that it may have changed."""
        try:
            found = copy.stat()
            identity = identity_of(found)
            if identity not in self._known:
                value = hashlib.sha256(copy.read_bytes()).hexdigest()
                if value != digest or not _is_old(found.st_ctime_ns, time.time_ns()):
                    return value == digest
                self._known[identity], self._new = value, True
        except OSError:
            return False
        return self._known[identity] == digest


def _digest(file: Chosen) -> str | Finding:
    """The digest of one deployed file, `digest:size` if that is its text with other line endings."""
    try:
        with open(file.location, "rb", buffering=0) as stream:  # noqa: PTH123, half the time of Path.open
            value = _contents(stream.fileno(), file)
            after = os.fstat(stream.fileno())
    except OSError as error:
        return Finding(f"cannot be read: {error.strerror}", "check its permissions", Path(file.location))
    if identity_of(after) != file.identity.removesuffix(RAW):
        return Finding("changed while it was being read", "try again once it is written", Path(file.location))
    return value


def _contents(descriptor: int, file: Chosen) -> str:
    """Hash an open file in chunks; only small files without an early NUL are checked for text."""
    digest = hashlib.sha256()
    chunk = os.read(descriptor, CHUNK)
    if file.identity.endswith(RAW) or file.size > MAX_TEXT or b"\0" in chunk[:8192]:
        while chunk:
            digest.update(chunk)
            chunk = os.read(descriptor, CHUNK)
        return digest.hexdigest()
    chunks = []
    while chunk:
        chunks.append(chunk)
        digest.update(chunk)
        chunk = os.read(descriptor, CHUNK)
    data = b"".join(chunks)
    text = normalised(data)
    return digest.hexdigest() if text is data else f"{hashlib.sha256(text).hexdigest()}:{len(text)}"


def _is_settled(file: Chosen, now: int) -> bool:
    """Whether a later change would show in the file's times, as it may not within one clock tick."""
    return _is_old(file.changed_ns, now)


def _is_old(changed: int, now: int) -> bool:
    return changed < now - (FINE_GRAIN_NS if changed % 1_000_000_000 else COARSE_GRAIN_NS)


def _head(files: bytes) -> bytes:
    """The file's header; a header of a different length does not match this format."""
    return b'{"format":%d,"sha256":"%s","files":' % (FORMAT, hashlib.sha256(files).hexdigest().encode())
