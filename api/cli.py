"""The command ``dressform``: puts the commands together and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dressform.api.cli_avatar import avatar
from dressform.api.cli_demo import demo
from dressform.api.cli_doctor import doctor
from dressform.api.cli_models import models
from dressform.api.cli_parse import parse
from dressform.api.cli_tryon import tryon
from dressform.api.cli_tryon_lists import fabrics, regions
from dressform.api.cli_tryon_stage import drape, prepare
from dressform.parsing.errors import DressformError, OptionError

__all__ = ["app", "main"]

FAILED, BAD_USAGE, INTERRUPTED = 1, 2, 130


class Commands(TyperGroup):
    """Commands of one or two words: ``tryon PHOTO`` is a command as much as ``tryon prepare PHOTO``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the arguments begin with."""
        two = " ".join(args[:2])
        return super().resolve_command(ctx, [two, *args[2:]] if two in self.commands else args)


app = typer.Typer(
    name="dressform",
    cls=Commands,
    help="Find the people in photos and the parts of each: hair, face, garments, limbs; draw them as avatars, or "
    "change what they wear.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help appears at once; rich would have to be imported first
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(parse)
app.command()(avatar)
app.command()(tryon)
for command in (regions, fabrics, prepare, drape):
    app.command(f"tryon {command.__name__}")(command)
app.add_typer(models, name="models")
app.command()(doctor)
app.command()(demo)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if show_version:
        typer.echo(f"dressform {version('dressform')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows ``dressform``; None takes it from the process.

    Returns:
        Exit code: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a file name the terminal cannot show must not end the run
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(args=arguments, prog_name="dressform", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except DressformError as error:
        return _fail(str(error), BAD_USAGE if isinstance(error, OptionError) else FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has left, as `| head` does; keep the interpreter from complaining at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        # typer's usage errors come from click before its version 0.26 and from typer itself since.
        if not hasattr(error, "format_message"):
            raise
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "dressform"
        return _fail(f"{error.format_message().rstrip('.')}; see '{command} --help'", BAD_USAGE)


def _fail(message: str, code: int) -> int:
    typer.echo(f"dressform: error: {message}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
