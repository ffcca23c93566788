"""What other people get: one package, whose components obey what they are given."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from azml import components

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


def test_a_wheel_has_the_components_below_azml_and_nothing_else_at_the_top(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "azml/components/endpoint.py" in names
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"azml"}


def test_importing_the_package_loads_nothing_of_azure_natives_sdk() -> None:
    """The program chooses how the SDK is loaded, and loads it while it waits for answers."""
    code = "import sys, azml.program; assert 'pulumi_azure_native' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_every_public_name_is_there() -> None:
    assert all(getattr(components, name).__name__ == name for name in components.__all__)
    with pytest.raises(AttributeError, match="has no Endpoints"):
        components.Endpoints  # noqa: B018  # the look alone is the point
