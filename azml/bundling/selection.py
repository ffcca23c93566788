"""Selects the files of a folder to deploy.

As in azure-ai-ml: `.amlignore` in the folder itself, else `.gitignore` there; the last pattern that matches a
file decides. In addition, junk is never included, and links may not lead out of the folder.
"""

import os
import stat
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import NamedTuple

from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from azml.findings import Finding
from azml.specs import read_text

IGNORE_FILES = (".amlignore", ".gitignore")  # the first that exists is used
NEVER = frozenset(
    f"{' '.join(IGNORE_FILES)} .gitattributes .git __pycache__ .DS_Store Thumbs.db desktop.ini"
    " .ipynb_checkpoints .mypy_cache .pytest_cache .ruff_cache".split()
)
SUSPECT = frozenset(name[0] for name in NEVER)  # the first letters of those names, and of `._`
RAW = "r"  # ends the identity of a file whose line endings are kept
FORMAT = stat.S_IFMT(0xFFFF)  # the bits of a mode that give the file's type
FILE, FOLDER, LINK = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK
MAX_PATH = 900  # characters; a blob's name has 1,024 and our prefix needs some
MAX_NAME = 255  # bytes of a name, on every file system that matters
TELLING = attrgetter("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
IDENTITY = "%x-%x-%x-%x-%x"  # of those; hexadecimal is faster to format


class Chosen(NamedTuple):
    """One file to deploy. `identity` changes whenever its contents may have; `path` is in normal form C."""

    path: str
    location: str
    identity: str
    size: int
    executable: bool

    @property
    def changed_ns(self) -> int:
        """When contents or status last changed, in nanoseconds since 1970."""
        mtime, ctime = self.identity.removesuffix(RAW).split("-")[-2:]
        return max(int(mtime, 16), int(ctime, 16))


class IgnoreRules:
    """The patterns of one ignore file."""

    def __init__(self, patterns: list[GitIgnoreSpecPattern]) -> None:
        self.patterns = patterns
        self.may_prune = all(pattern.include for pattern in patterns)

    def excludes(self, path: str) -> bool:
        """Whether a file is left out; without negations it also works for a folder (`name/`)."""
        left_out = False
        for pattern in self.patterns:
            if pattern.match_file(path) is not None:
                left_out = bool(pattern.include)
        return left_out


def read_rules(folder: Path, findings: list[Finding]) -> IgnoreRules:
    """The rules of `folder` itself, not those of its parents or subfolders."""
    file = next((folder / name for name in IGNORE_FILES if (folder / name).is_file()), None)
    text = None if file is None else read_text(file, findings)
    patterns = []
    for number, line in enumerate((text or "").splitlines(), 1):
        if not line.strip().strip("!/"):
            continue  # a bare slash matches nothing, as in git
        try:
            pattern = GitIgnoreSpecPattern(line.strip())
        except GitIgnorePatternError as error:
            findings.append(
                Finding(f"{line!r} is not a valid pattern: {error}", "see gitignore(5)", file, number)
            )
            continue
        if pattern.include is not None:
            patterns.append(pattern)
    return IgnoreRules(patterns)


def choose(folder: Path, findings: list[Finding]) -> list[Chosen]:
    """Every file of `folder` to deploy, sorted by path; what cannot be deployed becomes a finding."""
    top = os.path.realpath(folder)
    walk = _Walk(top, read_rules(folder, findings), _read_raw(folder, findings), findings)
    walk.below(top, "", (top,))
    chosen = sorted(walk.chosen, key=itemgetter(0))
    if walk.composed:
        for before, after in pairwise(chosen):
            if before.path == after.path:
                message = f"two files are both named {after.path!r} once accents are composed"
                findings.append(Finding(message, "rename one", Path(after.location)))
    return chosen


def choose_file(file: Path, findings: list[Finding]) -> list[Chosen]:
    """A single file, as a list of one."""
    walk = _Walk(os.path.realpath(file.parent), IgnoreRules([]), None, findings)
    walk.file(os.path.realpath(file), file.name, file.stat())
    return walk.chosen


def identity_of(status: os.stat_result) -> str:
    """A text that changes when a file's contents do."""
    return IDENTITY % TELLING(status)


def _read_raw(folder: Path, findings: list[Finding]) -> IgnoreRules | None:
    """The files that the folder's `.gitattributes` marks `-text` or `binary`: their line endings are kept."""
    file = folder / ".gitattributes"
    text = read_text(file, findings) if file.is_file() else None
    patterns = []
    for line in (text or "").splitlines():
        name, *attributes = line.split() or [""]
        if name.startswith("#") or not {"-text", "binary", "text", "text=auto"}.intersection(attributes):
            continue
        keep = not {"-text", "binary"}.isdisjoint(attributes)
        patterns.append(GitIgnoreSpecPattern(name if keep else f"!{name}"))
    return IgnoreRules(patterns) if patterns else None


class _Walk:
    """One pass over a folder; plain strings and few calls, because a preview walks thousands of files."""

    def __init__(
        self, top: str, rules: IgnoreRules, raw: IgnoreRules | None, findings: list[Finding]
    ) -> None:
        self.top = top
        self.rules = rules if rules.patterns else None
        self.raw = raw
        self.findings = findings
        self.chosen: list[Chosen] = []
        self.composed = False  # whether a path is not as it is on disk

    def below(self, folder: str, prefix: str, above: tuple[str, ...]) -> None:
        """Take the files of a folder and its subfolders; `above` has the real paths of its parents."""
        try:
            opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            self.wrong(folder, f"cannot be read: {error.strerror}", "check its permissions")
            return
        try:
            # By descriptor: the kernel then looks up each name in this folder, not a whole path.
            with os.scandir(opened) as entries:
                folders = self.taken(entries, folder, prefix, above)
        finally:
            os.close(opened)
        for location, path in folders:
            self.below(location, f"{path}/", (*above, location))

    def taken(
        self, entries: Iterable[os.DirEntry[str]], folder: str, prefix: str, above: tuple[str, ...]
    ) -> list[tuple[str, str]]:
        """Take the files of a folder; returns its subfolders.

        Regular files are handled in the loop itself: the work per file, for thousands of them, is most of the
        time of an unchanged run.
        """
        rules, folders, take, new = self.rules, list[tuple[str, str]](), self.chosen.append, tuple.__new__
        usual = not self.raw and prefix.isascii() and len(prefix) <= MAX_PATH - MAX_NAME
        for entry in entries:
            name = entry.name
            if name[0] in SUSPECT and (name in NEVER or name.startswith("._")):
                continue
            path, location = prefix + name, f"{folder}/{name}"
            status = entry.stat(follow_symlinks=False)
            mode = status.st_mode
            kind = mode & FORMAT
            if kind == FOLDER:
                if not (rules and rules.may_prune and rules.excludes(f"{path}/")):
                    folders.append((location, path))
            elif rules and rules.excludes(path):
                continue
            elif kind == FILE and usual and name.isascii():
                values = (path, location, IDENTITY % TELLING(status), status.st_size, mode & 0o100 != 0)
                take(new(Chosen, values))
            elif kind == LINK:
                self.link(location, path, above)
            else:
                self.file(location, path, status)
        return folders

    def link(self, location: str, path: str, above: tuple[str, ...]) -> None:
        """Take the target of a symbolic link as content, if it is inside the folder."""
        target = os.path.realpath(location)
        if not Path(target).exists():
            self.wrong(location, "is a link to nothing", "remove it, or put the file there")
        elif target != self.top and not target.startswith(self.top + os.sep):
            self.wrong(location, f"is a link out of the folder, to {target}", "copy the file into the folder")
        elif not Path(target).is_dir():
            self.file(target, path, Path(target).stat())
        elif target in above:
            self.wrong(location, "is a link to a folder that contains it", "remove it")
        else:
            self.below(target, f"{path}/", (*above, target))

    def file(self, location: str, path: str, status: os.stat_result) -> None:
        """Take one file by its status; a finding if it is not a regular file or its name cannot be used."""
        if status.st_mode & FORMAT != FILE:
            self.wrong(location, "is neither a file nor a folder", "remove it, or ignore it")
            return
        identity = identity_of(status)
        if self.raw and self.raw.excludes(path):
            identity += RAW
        if not path.isascii() or len(path) > MAX_PATH:
            usable = self.name(location, path)
            if usable is None:
                return
            path = usable
        executable = status.st_mode & 0o100 != 0
        self.chosen.append(Chosen(path, location, identity, status.st_size, executable))

    def name(self, location: str, path: str) -> str | None:
        """The deployed form of an unusual path; None with a finding if it cannot be deployed."""
        try:
            path.encode()
        except UnicodeEncodeError:
            self.wrong(location, "has a name that is not UTF-8", "rename it")
            return None
        usable = unicodedata.normalize("NFC", path)
        if len(usable) > MAX_PATH:
            self.wrong(location, f"has a path of {len(usable)} characters", f"at most {MAX_PATH}")
            return None
        self.composed = self.composed or usable != path
        return usable

    def wrong(self, location: str, message: str, remedy: str) -> None:
        """Add a finding for a file."""
        shown = location.encode(errors="surrogateescape").decode(errors="backslashreplace")
        self.findings.append(Finding(message, remedy, Path(shown)))
