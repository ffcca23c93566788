"""`azml rollout`: plans by which a new version takes over, before and while they are carried out."""

import typer

from azml.cli.commands.rollout.plans import explain_, lint
from azml.cli.commands.rollout.rehearse import rehearse
from azml.cli.commands.rollout.report import report
from azml.cli.commands.rollout.run import retry, run
from azml.cli.commands.rollout.status import status, watch
from azml.cli.commands.rollout.wishes import abort, approve, pause, resume

rollout = typer.Typer(no_args_is_help=True, help="Safe rollouts: a new version takes over by a plan.")
for command in (run, watch, status, pause, resume, approve, abort, retry, report, lint, rehearse):
    rollout.command()(command)
rollout.command(name="explain")(explain_)
