"""What a team does with online endpoints in the course of a week. Prints what it saw as JSON."""

import json

import assets
import deployments
import endpoints
import existing
import files
import kubernetes
import refusals
import sign_in

client = sign_in.client()
seen = {"sign_in": sign_in.seen}
# Before anybody names a deployment to `invoke`, which goes on naming it.
for part in (existing, assets, endpoints, deployments, files, kubernetes, refusals):
    seen[part.__name__] = part.run(client)
print()  # the dots of azure-ai-ml end here
print(json.dumps(seen))
