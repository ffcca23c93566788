"""Values of variables that look like secrets are found by their names, or by what they are."""

import pytest

from azml.cli.importing.variables import secrets_in


@pytest.mark.parametrize(
    "variables",
    [
        {"API_KEY": "x"},
        {"OPENAI_API_KEY": "x"},
        {"storageAccountKey": "x"},
        {"DB_PASSWORD": "x"},
        {"hf_token": "x"},
        {"ConnectionString": "x"},
        {"STORE": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=YQ==;"},
        {"PLACE": "https://a.blob.core.windows.net/c/b?sv=1&sig=YQ"},
        {"DB": "postgres://me:pass@host/db"},
        {"CERT": "-----BEGIN PRIVATE KEY-----"},
    ],
)
def test_secrets_are_found(variables: dict[str, str]) -> None:
    (name,) = variables
    assert secrets_in(variables) == [name]
    assert secrets_in(variables, [name]) == [], "the user knows better"


@pytest.mark.parametrize(
    "variables",
    [
        {"WORKER_COUNT": "4"},
        {"MONKEY": "banana"},
        {"TOKENIZERS_PARALLELISM": "false"},
        {"API_KEY": "${{azureml://connections/c/credentials/key}}"},
        {"API_KEY": ""},
        {"URL": "https://example.com/a"},
    ],
)
def test_other_values_are_not_secrets(variables: dict[str, str]) -> None:
    assert secrets_in(variables) == []
