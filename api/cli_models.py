"""``dressform models``: which engines there are, whose weights they use, and whether these are here and whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dressform.api.progress import progress_bar
from dressform.parsing.engines.registry import check_engine, engine_info, list_engines
from dressform.parsing.engines.store import is_present, verify, weight_path
from dressform.parsing.errors import WeightsError

if TYPE_CHECKING:
    from dressform.parsing.engines.base import EngineInfo, WeightFile

__all__ = ["models"]

models = typer.Typer(help="Engines and their weights: list, pull, verify, path.", rich_markup_mode=None)

Engine = Annotated[str | None, typer.Argument(metavar="[ENGINE]", help="One engine; all if left out.")]


@models.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@models.command("list")
def list_() -> None:
    """Show engines, licences and sizes."""
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "licence of the weights", "commercial use", "size", "weights")
    for info in list_engines():
        size = f"{sum(weight.size for weight in info.weights) / 1e6:.1f} MB" if info.weights else ""
        table.add_row(info.name, info.licence, "yes" if info.commercial else "no", size, _state(info))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


@models.command()
def pull(engine: Annotated[str, typer.Argument(metavar="ENGINE", help="Engine whose weights to fetch.")]) -> None:
    """Download the weights of an engine.

    Nothing else in dressform downloads anything.
    """
    check_engine(engine)
    info = engine_info(engine)
    if not info.commercial:
        typer.echo(f"{info.name}: {info.licence}", err=True)
    for weight in info.weights:
        _pull(weight)


@models.command("verify")
def verify_(engine: Engine = None) -> None:
    """Check weights against their hashes."""
    failures = []
    for info in _chosen(engine):
        for weight in info.weights:
            if not weight.embedded and not is_present(weight) and engine is None:
                continue  # not downloaded is no fault unless it was asked for
            try:
                verify(weight_path(weight), weight.sha256)
                typer.echo(f"{info.name}: {weight.name} is right")
            except WeightsError as error:
                failures.append(f"dressform: error: {info.name}: {error}")
    for line in failures:
        typer.echo(line, err=True)
    if failures:
        raise typer.Exit(1)


@models.command()
def path(engine: Engine = None) -> None:
    """Print where weights lie, one a line."""
    for info in _chosen(engine):
        for weight in info.weights:
            typer.echo(str(weight_path(weight)))


def _pull(weight: WeightFile) -> None:
    from dressform.parsing.engines.fetch import fetch

    with progress_bar(weight.name, weight.size, in_bytes=True) as advance:
        path = fetch(weight, lambda done, _total: advance(done))
    typer.echo(f"{weight.name}: {'ships with dressform, nothing to do' if weight.embedded else path}")


def _chosen(engine: str | None) -> tuple[EngineInfo, ...]:
    if engine is None:
        return list_engines()
    check_engine(engine)
    return (engine_info(engine),)


def _state(info: EngineInfo) -> str:
    if not info.runnable:
        return "not in this version"
    missing = [weight.name for weight in info.weights if not is_present(weight)]
    return f"missing or damaged: {', '.join(missing)}" if missing else "present"
