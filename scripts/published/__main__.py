"""`python -m scripts.published`: writes what the local Azure knows of Azure's published types anew."""

from pathlib import Path

from scripts.published import table

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "azml" / "emulator" / "arm" / "published.json"

if __name__ == "__main__":
    TABLE.write_text(table.written(), encoding="utf-8")
