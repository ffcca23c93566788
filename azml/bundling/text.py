"""Line endings: a checkout with CRLF holds the same text as one with LF, and deploys the same bytes.

What counts as text is git's own rule for `text=auto` (convert.c), applied to contents alone, so that the same
files give the same name whether or not git, or which settings of it, brought them here.
"""

MAX_TEXT = 64 * 1024 * 1024  # bytes; larger files never count as text
NOT_PRINTABLE = bytes(set(range(32)) - set(b"\b\t\n\r\x0c\x1b") | {127})


def is_text(data: bytes) -> bool:
    """Whether git would treat `data` as text: no NUL, no lone CR, at most 1 control character in 128."""
    if b"\0" in data or data.count(b"\r") != data.count(b"\r\n"):
        return False
    controls = len(data) - len(data.translate(None, NOT_PRINTABLE))
    if data.endswith(b"\x1a"):
        controls -= 1
    line_ends = data.count(b"\n") + data.count(b"\r")
    return (len(data) - controls - line_ends) >> 7 >= controls


def normalised(data: bytes) -> bytes:
    """`data` with LF line endings if it is text, else `data` as it is."""
    return data.replace(b"\r\n", b"\n") if b"\r\n" in data and is_text(data) else data
