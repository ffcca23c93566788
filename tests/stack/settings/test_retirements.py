"""The table of announced ends: which sizes it knows, and when an end is one."""

import re
from datetime import date
from pathlib import Path

import pytest

from azml.emulator.control.machinelearning.sizes import SIZES as SERVED
from azml.stack.checks.retirements import (
    GENERAL,
    GPU,
    IMAGES,
    PACKAGES,
    SIZES,
    SMALL_GPU,
    STORAGE,
    of_image,
    of_size,
)

ROOT = Path(__file__).parents[3]
COPIED = (".ipynb", ".md", ".py", ".yaml", ".yml")
MAY, NOVEMBER = date(2028, 5, 1), date(2028, 11, 15)


@pytest.mark.parametrize(
    ("size", "series", "end"),
    [
        ("Standard_D2", "D", MAY),
        ("Standard_DS13", "Ds", MAY),
        ("Standard_DS13-2", "Ds", MAY),
        ("Standard_D11_v2", "Dv2", MAY),
        ("Standard_D2_v2_Promo", "Dv2", MAY),
        ("Standard_DS2_v2", "Dsv2", MAY),
        ("STANDARD_DS3_V2", "Dsv2", MAY),
        ("Standard_DS11-1_v2", "Dsv2", MAY),
        ("Standard_L8s", "Ls", MAY),
        ("Standard_F4", "F", NOVEMBER),
        ("Standard_F4s", "Fs", NOVEMBER),
        ("Standard_F4s_v2", "Fsv2", NOVEMBER),
        ("Standard_L8s_v2", "Lsv2", NOVEMBER),
        ("Standard_A2_v2", "Av2", NOVEMBER),
        ("Standard_A2m_v2", "Av2", NOVEMBER),
        ("Standard_B1ls", "B", NOVEMBER),
        ("Standard_B2ms", "B", NOVEMBER),
        ("Standard_G5", "G", NOVEMBER),
        ("Standard_GS5-16", "Gs", NOVEMBER),
        ("Standard_DC4s_v2", "DCsv2", date(2026, 6, 30)),
        ("Standard_NV12s_v3", "NVv3", date(2026, 9, 30)),
        ("Standard_NV16as_v4", "NVv4", date(2026, 9, 30)),
        ("Standard_NC6s_v3", "NCv3", date(2025, 9, 30)),
        ("Standard_NC24rs_v3", "NCv3", date(2025, 9, 30)),
    ],
)
def test_a_size_is_known_by_its_series(size: str, series: str, end: date) -> None:
    found = of_size(size)
    assert found is not None
    assert (found.what, found.end) == (f"the {series} series", end)


@pytest.mark.parametrize(
    "size",
    [
        "Standard_D2as_v4",
        "Standard_D4a_v4",
        "Standard_D2s_v3",
        "Standard_D2_v5",
        "Standard_B2s_v2",
        "Standard_DC4s_v3",
        "Standard_E4s_v3",
        "Standard_FX4mds",
        "Standard_L8s_v3",
        "Standard_L8as_v3",
        "Standard_NC4as_T4_v3",
        "Standard_NC24ads_A100_v4",
        "Standard_NV36ads_A10_v5",
        "DS2_v2",
        "small",
        "",
    ],
)
def test_a_size_that_stays_is_none_of_them(size: str) -> None:
    assert of_size(size) is None


def test_what_is_told_to_be_chosen_stays() -> None:
    named = {word for text in (GENERAL, STORAGE, SMALL_GPU, GPU) for word in text.split() if "_" in word}
    assert len(named) == 6
    assert [size for size in named if of_size(size)] == []


@pytest.mark.parametrize("folder", ["benchmarks", "docs", "examples", "scoring"])
def test_what_people_copy_names_sizes_that_stay(folder: str) -> None:
    files = [path for path in Path(ROOT, folder).rglob("*") if path.suffix in COPIED]
    named = {size for path in files for size in re.findall(r"\bStandard_[A-Z]\w+", path.read_text())}
    assert named
    assert [size for size in named if of_size(size)] == []


def test_sizes_of_the_local_azure_that_end_are_those_of_two_families() -> None:
    """The samples' sizes are quotas of the local Azure, and stay."""
    ending = {size.family for size in SERVED if of_size(size.name)}
    assert ending == {"standardDSv2Family", "standardFSv2Family"}
    assert {"Standard_D2as_v4", "Standard_D4as_v4"} <= {size.name for size in SERVED}


def test_an_end_is_one_from_the_day_after() -> None:
    """A size is refused then; support that ends refuses nothing."""
    dsv2, sdk = of_size("Standard_DS2_v2"), PACKAGES["azureml-core"]
    assert dsv2
    assert dsv2.message("Standard_DS2_v2", MAY) == (
        "Standard_DS2_v2: Azure retires the Dsv2 series on 2028-05-01"
    )
    assert dsv2.message("Standard_DS2_v2", date(2028, 5, 2)) == (
        "Standard_DS2_v2: Azure retired the Dsv2 series on 2028-05-01, and makes no new ones"
    )
    assert [dsv2.refused(day) for day in (MAY, date(2028, 5, 2))] == [False, True]
    assert not sdk.refused(date(2030, 1, 1))
    assert "makes no new ones" not in sdk.message("azureml-core", date(2030, 1, 1))


def test_images_of_prompt_flow_end_with_it() -> None:
    found = of_image("mcr.microsoft.com/azureml/promptflow/promptflow-runtime:latest")
    assert found
    assert found.end == date(2027, 4, 20)
    assert of_image("mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest") is None


def test_every_row_says_where_and_as_of_when_its_end_is_announced() -> None:
    for end in (*SIZES.values(), *PACKAGES.values(), *IMAGES.values()):
        assert end.source.address.startswith("https://")
        assert end.remedy.endswith(f"({end.source.address}, as of {end.source.as_of.isoformat()})")
