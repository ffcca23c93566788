"""One soak: a local Azure, clients, and attacks in an order of chance until the time is over."""

import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from random import Random

import psutil

from azml.cli.failure import CommandError
from tests.soak.attacks import ATTACKS, Field, round_of
from tests.soak.azure import SoakedAzure
from tests.soak.figures import Figures
from tests.soak.load import Load


def soak(seed: int, seconds: float, clients: int, once: Sequence[str] = ()) -> Figures:
    """The figures of a soak of about so many seconds; with `once`, of these attacks alone, in turn."""
    figures, random = Figures(seed), Random(seed)
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="azml-soak-") as name:
        azure = SoakedAzure(Path(name))
        try:
            azure.launch()
            azure.build()
            with Load(azure, figures, seed, clients) as load:
                field = Field(azure, load, figures, random)
                if once:
                    round_of(field, once)
                while not once and time.monotonic() < until:
                    round_of(field, random.sample(list(ATTACKS), len(ATTACKS)), until)
        except (AssertionError, CommandError, HTTPException, OSError, psutil.Error) as end:
            # The table is wanted then above all.
            figures.count("deployments that did not come back", f"the soak ended early: {end!r}")
        finally:
            _stop(azure, figures)
    return figures


def _stop(azure: SoakedAzure, figures: Figures) -> None:
    """Stop it, and count what stays."""
    family: list[psutil.Process] = []
    folders: list[Path] = []
    with suppress(AssertionError, OSError, psutil.Error):  # it does not run
        family, folders = azure.family(), [azure.run_dir()]
    azure.stop()
    left = [str(one) for one in family if one.is_running()]
    left += [str(one) for one in folders if one.exists()]
    figures.count("processes and folders left behind", f"{left}", len(left))
