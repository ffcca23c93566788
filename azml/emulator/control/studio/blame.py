"""Finds the last line of the user's own code in a traceback: the reader of a failed log looks for it."""

import re
from dataclasses import dataclass

_FRAME = re.compile(r'\s+File "(.+)", line (\d+)(?:, in (.+))?')
_ERROR = re.compile(r"[A-Za-z_][\w.]*(?:: .*)?")
_OWN = re.compile(r".*/instances/\d+/(?:code|model)/")
"""The folders with an instance's files: the user's own paths begin below them."""
_LIBRARIES = ("/site-packages/", "/dist-packages/", "/lib/python", "/mlflow_model/score.py", "<")


@dataclass(frozen=True)
class OwnLine:
    """`source` is the line itself and `error` the exception, such as `ValueError: no such model`.

    `file` is the path below the code folder. All but `error` are empty or 0 where no frame is the user's.
    """

    error: str
    file: str = ""
    line: int = 0
    function: str = ""
    source: str = ""


def own_line(log: str) -> OwnLine | None:
    """The last frame in the user's code in a log; else the last error; else None."""
    found: OwnLine | None = None
    last = ""
    lines = log.splitlines()
    for at, line in enumerate(lines):
        if not (frame := _FRAME.fullmatch(line)):
            continue
        last = _raised(lines[at + 1 :]) or last
        if not any(part in frame[1] for part in _LIBRARIES):
            source = lines[at + 1].strip() if at + 1 < len(lines) else ""
            path = _OWN.sub("", frame[1])
            found = OwnLine(last, path, int(frame[2]), frame[3] or "", source)
    return found or (OwnLine(last) if last else None)


def _raised(rest: list[str]) -> str:
    """The exception of the traceback that continues in `rest`: its first line that is not indented."""
    line = next((line for line in rest if line and not line[0].isspace()), "")
    return line if _ERROR.fullmatch(line) else ""
