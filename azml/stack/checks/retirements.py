"""What Azure has announced the end of, as far as a deployment's files can name it: sizes, packages, images.

A date is the last day that Azure names. A size is known by its series, as Microsoft names those; a package by
its name in a conda file. Keep the table to what a source says. Read on 2026-11-25, in stored copies of the
sources; each says how far it goes.
"""

import re
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Source:
    """Where Microsoft announces an end. `as_of` is the newest day that the text read there knows of."""

    address: str
    as_of: date


@dataclass(frozen=True)
class Retirement:
    """One announced end.

    `what` names it in a sentence, `end` is the day, `instead` what stays. `made_after` says whether Azure
    goes on making new ones after that day: not where the source says that they cannot be provisioned.
    """

    what: str
    end: date
    instead: str
    source: Source
    made_after: bool = True

    def refused(self, today: date) -> bool:
        """Whether Azure refuses to make a new one on that day."""
        return not self.made_after and today > self.end

    def message(self, name: str, today: date) -> str:
        """What there is to say of `name`, which this is the end of."""
        if today <= self.end:
            return f"{name}: Azure retires {self.what} on {self.end}"
        more = "" if self.made_after else ", and makes no new ones"
        return f"{name}: Azure retired {self.what} on {self.end}{more}"

    @property
    def remedy(self) -> str:
        """What would be right, and where the end is announced."""
        return f"{self.instead} ({self.source.address}, as of {self.source.as_of})"


SIZES_PAGE = Source(
    "https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/retired-sizes-list",
    date(2026, 4, 15),
)
"""A series listed as retired "can't be provisioned"; one that is announced is retired on its planned date."""
DCSV2_PAGE = Source(
    "https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/dcsv2-series-retirement",
    date(2025, 6, 30),
)
"""All uses of these sizes end at once, those in other services too."""
EOL_LIST = Source("https://github.com/Azure/EOL", date(2025, 12, 18))
"""Microsoft's list of announced ends over all services; `service_list.json` has them."""
SDK_V1_PAGE = Source(
    "https://learn.microsoft.com/azure/machine-learning/migrate-to-v2-deploy-endpoints", date(2025, 3, 31)
)
"""Support ends; what uses it "continue[s] to operate"."""

GENERAL = "choose a size that stays, such as Standard_D2as_v4 or Standard_D4as_v4"
STORAGE = "choose a size that stays, such as Standard_L8as_v3"
SMALL_GPU = "choose a size that stays, such as Standard_NV36ads_A10_v5 or Standard_NC4as_T4_v3"
GPU = "choose a size that stays, such as Standard_NC24ads_A100_v4 or Standard_NC4as_T4_v3"


def _series(name: str, end: date, instead: str, source: Source = SIZES_PAGE) -> Retirement:
    return Retirement(f"the {name} series", end, instead, source, made_after=False)


MAY_2028, NOVEMBER_2028 = date(2028, 5, 1), date(2028, 11, 15)
SIZES: dict[str, Retirement] = {
    r"D\d+": _series("D", MAY_2028, GENERAL),
    r"DS\d+(-\d+)?": _series("Ds", MAY_2028, GENERAL),
    r"D\d+_v2(_Promo)?": _series("Dv2", MAY_2028, GENERAL),
    r"DS\d+(-\d+)?_v2(_Promo)?": _series("Dsv2", MAY_2028, GENERAL),
    r"L\d+s": _series("Ls", MAY_2028, STORAGE),
    r"F\d+": _series("F", NOVEMBER_2028, GENERAL),
    r"F\d+s": _series("Fs", NOVEMBER_2028, GENERAL),
    r"F\d+s_v2": _series("Fsv2", NOVEMBER_2028, GENERAL),
    r"L\d+s_v2": _series("Lsv2", NOVEMBER_2028, STORAGE),
    r"A\d+m?_v2": _series("Av2", NOVEMBER_2028, GENERAL),
    r"B\d+(ls|ms|s)": _series("B", NOVEMBER_2028, GENERAL),
    r"G\d+": _series("G", NOVEMBER_2028, GENERAL),
    r"GS\d+(-\d+)?": _series("Gs", NOVEMBER_2028, GENERAL),
    r"DC\d+s_v2": _series("DCsv2", date(2026, 6, 30), GENERAL, DCSV2_PAGE),
    r"NV\d+s_v3": _series("NVv3", date(2026, 9, 30), SMALL_GPU),
    r"NV\d+as_v4": _series("NVv4", date(2026, 9, 30), SMALL_GPU),
    r"NC\d+r?s_v3": _series("NCv3", date(2025, 9, 30), GPU),
}
"""By the form of a size's name after `Standard_`."""

SDK_V1 = Retirement(
    "SDK v1 of Azure Machine Learning",
    date(2026, 6, 30),
    "what uses it goes on without support: take azureml-inference-server-http to serve",
    SDK_V1_PAGE,
)
PROMPT_FLOW = Retirement(
    "prompt flow", date(2027, 4, 20), "serve the flow with a scoring script that no longer needs it", EOL_LIST
)
PACKAGES: dict[str, Retirement] = {
    "azureml-core": SDK_V1,
    "azureml-defaults": SDK_V1,
    "azureml-sdk": SDK_V1,
    "promptflow": PROMPT_FLOW,
    "promptflow-azure": PROMPT_FLOW,
    "promptflow-core": PROMPT_FLOW,
    "promptflow-devkit": PROMPT_FLOW,
    "promptflow-tools": PROMPT_FLOW,
}
"""By a package's name in lower case with dashes."""
IMAGES: dict[str, Retirement] = {"mcr.microsoft.com/azureml/promptflow/": PROMPT_FLOW}
"""By the beginning of an image's name."""


def of_size(size: str) -> Retirement | None:
    """The announced end of a machine size, such as `Standard_DS2_v2`, whose case does not count."""
    name = re.fullmatch(r"standard_(.+)", size, re.IGNORECASE)
    return next((end for form, end in SIZES.items() if name and _is(form, name[1])), None)


def of_image(image: str) -> Retirement | None:
    """The announced end of what a container image holds."""
    return next((end for start, end in IMAGES.items() if image.startswith(start)), None)


def _is(form: str, name: str) -> bool:
    return re.fullmatch(form, name, re.IGNORECASE) is not None
