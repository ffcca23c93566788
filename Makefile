# make up: from a clone to a local Azure that serves predictions. make test: run every check.
.DEFAULT_GOAL := help
.PHONY: help install up down test test-quick lint format bench reliability demo-rollout soak lock verify-azure clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## install what the lock files name into .venv (the other verbs do this first)
	@scripts/install

up: install ## start the local Azure, deploy the local stack to it, send it sample requests
	@.venv/bin/azml up

down: install ## destroy the local stack, unless a release needs it, and stop the local Azure
	@.venv/bin/azml down

test: install ## lint, types, unit and integration tests; PYTEST_ARGS= narrows the tests
	@scripts/test $(PYTEST_ARGS)

test-quick: install ## only the tests that start no process, in a minute or a little more; no lint
	@.venv/bin/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder -m quick $(PYTEST_ARGS)

lint: install ## ruff, mypy --strict, the import rules between packages
	@scripts/lint

format: install ## format every file
	@.venv/bin/ruff check --quiet --fix . ; .venv/bin/ruff format .

bench: install ## run the benchmarks: a table of ratios
	@.venv/bin/python -m benchmarks

reliability: install ## compute how often rollout rules are wrong: docs/reliability.md, in some minutes
	@.venv/bin/python -m benchmarks.reliability

demo-rollout: install ## take good, broken, slow and subtly wrong versions through a plan, with users at the endpoint
	@.venv/bin/python -m tests.cli.rollouts

soak: install ## attack a local Azure for 15 minutes: a table with zeros; SOAK_ARGS= as in --minutes 5 --seed 1
	@.venv/bin/python -m tests.soak $(SOAK_ARGS)

lock: install ## resolve pyproject.toml into the lock files again
	@scripts/lock

verify-azure: install ## run the journeys on a subscription: make verify-azure SUBSCRIPTION=<id> [LOCATION=westeurope]
	@.venv/bin/python -m tests.journeys "$(SUBSCRIPTION)" $(if $(LOCATION),--location "$(LOCATION)")

clean: ## stop what runs here and remove what the project created in this folder; tools in the user's cache stay
	@scripts/clean
