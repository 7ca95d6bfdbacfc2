"""`qcg`: the commands there are, and how their errors end."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections import UserDict
from importlib import import_module
from typing import Any

import typer

from qianchuan_guarantee import __version__
from qianchuan_guarantee.cli.groups import Group
from qianchuan_guarantee.errors import InvariantError, UsageError, UserError, presentable
from qianchuan_guarantee.wording import say

# Each command or group of commands: its module in this package, and the sentence about it.
_COMMANDS = {
    "check": ("check", "c_check"),
    "decide": ("decide", "c_decide"),
    "explain": ("explain", "c_explain"),
    "generate": ("generate", "c_generate"),
    "reconcile": ("reconcile", "c_reconcile"),
    "report": ("report", "c_report"),
    "run": ("run", "c_run"),
    "sensitivity": ("sensitivity", "c_sensitivity"),
    "what-if": ("what_if", "c_what_if"),
    "audit": ("audit", "c_audit"),
    "import": ("imports", "c_import"),
    "export": ("export", "c_export"),
    "ledger": ("ledger", "c_ledger"),
    "rules": ("rules", "c_rules"),
}


class _Loaded(UserDict[str, Any]):
    """The commands by name, each imported when it is asked for: importing all of them took longer
    than many a command."""

    def __getitem__(self, name: str) -> Any:
        if self.data[name] is None:
            module, about = _COMMANDS[name]
            found = import_module(f"qianchuan_guarantee.cli.{module}")
            if hasattr(found, "app"):
                self.data[name] = typer.main.get_group(found.app)
            else:
                one = typer.Typer(add_completion=False, rich_markup_mode=None)
                one.command(name, help=say(about, "en"))(getattr(found, module))
                self.data[name] = typer.main.get_command(one)
        return self.data[name]


class _Commands(Group):
    """`qcg` itself, whose help names the commands without importing them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"commands": _Loaded(dict.fromkeys(_COMMANDS))})

    def sentences(self) -> list[tuple[str, str]]:
        return [(name, say(about, "en")) for name, (_, about) in _COMMANDS.items()]


app = typer.Typer(
    cls=_Commands,
    help=say("app", "en"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


# Whose errors are told as theirs.
_ENGINES = ("duckdb", "_duckdb", "pyspark", "py4j", "qianchuan_guarantee.engines.spark")


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
    # Nor is there use in looking through what is left when the process ends.
    atexit.register(gc.freeze)
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
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror or error}", 1)
    except Exception as error:
        # What an engine says of memory or disk is for the user to mend; other errors are ours,
        # and whoever mends those needs to see where they come from.
        if not type(error).__module__.startswith(_ENGINES):
            raise
        said = (str(error).splitlines() or [type(error).__name__])[0]
        _fail(f"the engine gave up, nothing was written: {said}", 1)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"qcg: {presentable(message)}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
