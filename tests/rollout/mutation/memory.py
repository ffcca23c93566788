"""What became of each mutant, kept outside the project, so that a count that was interrupted goes on.

A result holds as long as the code and its tests are what they were. After a change, the test that had found a
mutant is only the first one to try.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Result(NamedTuple):
    """The test that found a mutant; empty where none did. `hung` is that the test came to no end."""

    test: str
    hung: bool = False

    @property
    def found(self) -> bool:
        """Whether a test has noticed it."""
        return bool(self.test)


class Memory:
    """The results in a file, one a line."""

    def __init__(self, file: Path, sources: Iterable[Path]) -> None:
        self.file = file
        self.digest = digest_of(sources)
        self.sure: dict[str, Result] = {}
        self.before: dict[str, Result] = {}
        if file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                self._read(line)

    def _read(self, line: str) -> None:
        try:
            digest, name, test, hung = json.loads(line)
        except ValueError:  # the line that was being written when the count was interrupted
            return
        self.before[name] = Result(test, hung)
        if digest == self.digest:
            self.sure[name] = Result(test, hung)

    def keep(self, name: str, result: Result) -> None:
        """A result more."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps([self.digest, name, *result]) + "\n")
        self.sure[name] = result


def digest_of(sources: Iterable[Path]) -> str:
    """What stands for the content of files."""
    found = hashlib.sha256()
    for path in sorted(sources):
        found.update(f"{path.name}\n".encode() + path.read_bytes())
    return found.hexdigest()[:16]
