"""The machine sizes of managed online endpoints, from Microsoft's list in 2025.

Source: learn.microsoft.com, "Managed online endpoints SKU list", and the pages of each series. By family, as
quotas name it: each size with vCPUs, memory in GB and GPUs.
"""

from dataclasses import dataclass

_FAMILIES: dict[str, str] = {
    "standardDSv2Family": "DS1_v2 1 3.5, DS2_v2 2 7, DS3_v2 4 14, DS4_v2 8 28, DS5_v2 16 56",
    "standardDAv4Family": "D2a_v4 2 8, D4a_v4 4 16, D8a_v4 8 32, D16a_v4 16 64, D32a_v4 32 128",
    "standardDASv4Family": "D2as_v4 2 8, D4as_v4 4 16, D8as_v4 8 32, D16as_v4 16 64, D32as_v4 32 128",
    "standardESv3Family": "E2s_v3 2 16, E4s_v3 4 32, E8s_v3 8 64, E16s_v3 16 128, E32s_v3 32 256, "
    "E48s_v3 48 384, E64s_v3 64 432",
    "standardFSv2Family": "F2s_v2 2 4, F4s_v2 4 8, F8s_v2 8 16, F16s_v2 16 32, F32s_v2 32 64, F48s_v2 48 96, "
    "F64s_v2 64 128, F72s_v2 72 144",
    "standardFXMDVSFamily": "FX4mds 4 84, FX12mds 12 252, FX24mds 24 504, FX36mds 36 756, FX48mds 48 1008",
    "standardLASv3Family": "L8as_v3 8 64, L16as_v3 16 128, L32as_v3 32 256, L48as_v3 48 384, L64as_v3 64 512",
    "standardNCASv3_T4Family": "NC4as_T4_v3 4 28 1, NC8as_T4_v3 8 56 1, NC16as_T4_v3 16 110 1, "
    "NC64as_T4_v3 64 440 4",
    "standardNCADSA100v4Family": "NC24ads_A100_v4 24 220 1, NC48ads_A100_v4 48 440 2, "
    "NC96ads_A100_v4 96 880 4",
    "standardNCADSH100v5Family": "NC40ads_H100_v5 40 320 1, NC80adis_H100_v5 80 640 2",
    "standardNDASv4_A100Family": "ND96asr_v4 96 900 8",
    "standardNDAMSv4_A100Family": "ND96amsr_A100_v4 96 1924 8",
    "standardNDISRH100V5Family": "ND96isr_H100_v5 96 1900 8",
}


@dataclass(frozen=True)
class Size:
    """One machine size; `memory` in GB."""

    name: str
    family: str
    vcpus: int
    memory: float
    gpus: int = 0


def _size(family: str, text: str) -> Size:
    name, vcpus, memory, *gpus = text.split()
    return Size(f"Standard_{name}", family, int(vcpus), float(memory), int(gpus[0]) if gpus else 0)


SIZES = tuple(_size(family, text) for family, row in _FAMILIES.items() for text in row.split(", "))
BY_NAME = {size.name.lower(): size for size in SIZES}
FAMILIES = tuple(_FAMILIES)
