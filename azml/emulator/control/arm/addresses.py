"""The addresses of the local Azure, in the forms its clients need."""

from dataclasses import dataclass

STORAGE_SUFFIX = "emulator"


@dataclass(frozen=True)
class Addresses:
    """`arm` and `scoring` are URLs without a trailing slash, such as `https://127.0.0.1:18443`."""

    arm: str
    scoring: str

    @property
    def host(self) -> str:
        """Host and port of the management side."""
        return self.arm.removeprefix("https://")

    def blob(self, account: str) -> str:
        """A storage account's blob endpoint. The account is in the path: 127.0.0.1 has no subdomains."""
        return f"{self.arm}/{account}.blob.{STORAGE_SUFFIX}/"

    def account_for_ml(self, account: str) -> str:
        """The account name that directs azure-ai-ml here: it builds `https://<name>.blob.<suffix>`."""
        return f"{self.host}/{account}"
