"""Calls real Azure by name, and a host that does not exist. Prints what came of it."""

import json

import requests

said = {}
for name, url in {
    "azure": "https://management.azure.com/subscriptions",
    "elsewhere": "https://nothing.invalid/",
}.items():
    try:
        said[name] = str(requests.get(url, timeout=30).status_code)
    except requests.ConnectionError as refused:
        said[name] = str(refused)
print(json.dumps(said))
