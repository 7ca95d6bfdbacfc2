"""`qcg`: the commands there are, and how their errors end."""

from __future__ import annotations

import gc
import os
import sys

import typer

from qianchuan_guarantee import __version__
from qianchuan_guarantee.cli import audit as audit_commands
from qianchuan_guarantee.cli import export as export_commands
from qianchuan_guarantee.cli import imports as import_commands
from qianchuan_guarantee.cli import ledger as ledger_commands
from qianchuan_guarantee.cli import rules as rules_commands
from qianchuan_guarantee.cli.check import check
from qianchuan_guarantee.cli.decide import decide
from qianchuan_guarantee.cli.explain import explain
from qianchuan_guarantee.cli.generate import generate
from qianchuan_guarantee.cli.reconcile import reconcile
from qianchuan_guarantee.cli.report import report
from qianchuan_guarantee.cli.run import run
from qianchuan_guarantee.cli.sensitivity import sensitivity
from qianchuan_guarantee.cli.what_if import what_if
from qianchuan_guarantee.errors import InvariantError, UsageError, UserError
from qianchuan_guarantee.wording import say

app = typer.Typer(
    help=say("app", "en"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(help=say("c_check", "en"))(check)
app.command(help=say("c_decide", "en"))(decide)
app.command(help=say("c_explain", "en"))(explain)
app.command(help=say("c_generate", "en"))(generate)
app.command(help=say("c_reconcile", "en"))(reconcile)
app.command(help=say("c_report", "en"))(report)
app.command(help=say("c_run", "en"))(run)
app.command(help=say("c_sensitivity", "en"))(sensitivity)
app.command("what-if", help=say("c_what_if", "en"))(what_if)
app.add_typer(audit_commands.app, name="audit")
app.add_typer(import_commands.app, name="import")
app.add_typer(export_commands.app, name="export")
app.add_typer(ledger_commands.app, name="ledger")
app.add_typer(rules_commands.app, name="rules")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"qcg {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help=say("o_version", "en")
    ),
) -> None:
    pass


def main() -> None:
    """Run the command. Exit codes: 0 done; 1 failed, nothing written; 2 wrong usage;
    3 --strict, and something was quarantined or held."""
    # Expressions are made of very many small objects that live until the end: looking through
    # them for garbage took a sixth of a small run.
    gc.set_threshold(100_000, 20, 20)
    try:
        app()
    except UsageError as error:
        _fail(str(error), 2)
    except UserError as error:
        _fail(str(error), 1)
    except InvariantError as error:
        _fail(f"a defect of ours, nothing was written: {error}", 1)
    except KeyboardInterrupt:
        _fail("stopped; nothing was written", 130)
    except BrokenPipeError:
        # The reader of our output went away; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        # What an engine says of memory or disk is for the user to mend; other errors are ours,
        # and whoever mends those needs to see where they come from.
        if not type(error).__module__.startswith(("duckdb", "_duckdb")):
            raise
        _fail(f"the engine gave up, nothing was written: {str(error).splitlines()[0]}", 1)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"qcg: {message}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
