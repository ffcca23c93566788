"""`python -m scripts.published`: writes what the local Azure knows of Azure's published types anew."""

from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.published import listed, table

CONTROL = Path(__file__).resolve().parents[2] / "azml" / "emulator" / "control"
FILES: Mapping[Path, Callable[[], str]] = {
    CONTROL / "arm" / "published.json": table.written,
    CONTROL / "coverage" / "operations.json": listed.written,
}

if __name__ == "__main__":
    for file, written in FILES.items():
        file.write_text(written(), encoding="utf-8")
