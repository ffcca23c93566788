"""The page's files, read once. They contain no user data, which the page requests by itself."""

from functools import cache
from pathlib import Path

from starlette.responses import Response

FOLDER = Path(__file__).parent / "page"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS = {
    # Everything from this origin only: no inline scripts or styles, no framing of the page.
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def page_file(name: str) -> Response | None:
    """One file of the page by its name; None if it does not exist."""
    content = _files().get(name)
    if content is None:
        return None
    return Response(content, headers={**HEADERS, "Content-Type": TYPES[Path(name).suffix]})


@cache
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in TYPES}
