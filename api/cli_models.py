"""``dressform models``: which engines there are, whose weights they use, and whether these are here and whole."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dressform.api.progress import progress_bar
from dressform.parsing.engines.registry import check_engine, engine_info, list_engines
from dressform.parsing.engines.store import is_present, verify, weight_path
from dressform.parsing.errors import OptionError, WeightsError

if TYPE_CHECKING:
    from dressform.parsing.engines.base import EngineInfo, HubModel, WeightFile

__all__ = ["models"]

models = typer.Typer(help="Engines and their weights: list, pull, convert, verify, path.", rich_markup_mode=None)

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
        size = _size(info)
        shown = f"{size / 1e6:.1f} MB" if size else ""
        table.add_row(info.name, info.licence, "yes" if info.commercial else "no", shown, _state(info))
    Console(width=None if sys.stdout.isatty() else 120).print(table)


@models.command()
def pull(engine: Annotated[str, typer.Argument(metavar="ENGINE", help="Engine whose weights to fetch.")]) -> None:
    """Download the weights of an engine.

    Nothing else in dressform downloads anything.
    """
    check_engine(engine)
    info = engine_info(engine)
    if not info.commercial:
        typer.echo(f"{info.name}: the weights are {info.licence}", err=True)
    for weight in info.weights:
        _pull(weight)
    if info.hub is not None:
        _pull_from_hub(info, info.hub)


@models.command()
def convert(
    engine: Annotated[str, typer.Argument(metavar="ENGINE", help="m2fp or m2fp-single.")],
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FOLDER|FILE", help="ModelScope's checkpoint; that pulled if left out."),
    ] = None,
) -> None:
    """Convert a checkpoint, once; needs torch.

    Afterwards the engine runs without torch, here and wherever the printed folder is copied and given as --weights.
    """
    from dressform.parsing.engines.m2fp.convert import convert as convert_weights
    from dressform.parsing.engines.m2fp.weights import find_weights

    check_engine(engine)
    info = engine_info(engine)
    if info.hub is None or info.extra is None:
        raise OptionError("nothing to convert", got=repr(info.name), allowed="m2fp, m2fp-single")
    model = convert_weights(find_weights(info.name, info.hub, weights))
    typer.echo(str(model.path.parent))


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
        if info.hub is not None:
            failures += _verify_hub(info, info.hub, wanted=engine is not None)
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
        if info.hub is not None:
            from dressform.parsing.engines.m2fp.weights import is_pulled, pulled_folder

            if engine is not None or is_pulled(info.hub):
                typer.echo(str(pulled_folder(info.hub)))


def _pull(weight: WeightFile) -> None:
    from dressform.parsing.engines.fetch import fetch

    with progress_bar(weight.name, weight.size, in_bytes=True) as advance:
        path = fetch(weight, lambda done, _total: advance(done))
    typer.echo(f"{weight.name}: {'ships with dressform, nothing to do' if weight.embedded else path}")


def _pull_from_hub(info: EngineInfo, hub: HubModel) -> None:
    from dressform.parsing.engines.m2fp.pull import pull
    from dressform.parsing.engines.m2fp.weights import is_pulled, pulled_folder

    if is_pulled(hub):
        typer.echo(f"{hub.model} {hub.revision} is here already: {pulled_folder(hub)}")
        return
    typer.echo(f"{info.name}: {hub.model} {hub.revision}, https://modelscope.cn/models/{hub.model}", err=True)
    typer.echo(str(pull(hub)))
    if info.extra is not None:
        typer.echo(f"next: dressform models convert {info.name}", err=True)


def _verify_hub(info: EngineInfo, hub: HubModel, *, wanted: bool) -> list[str]:
    """Checks what was pulled; what was not is no fault unless it was asked for."""
    from dressform.parsing.engines.m2fp.weights import is_pulled, verify_pulled

    if not wanted and not is_pulled(hub):
        return []
    try:
        for path in verify_pulled(hub):
            typer.echo(f"{info.name}: {path.name} is right")
    except WeightsError as error:
        return [f"dressform: error: {info.name}: {error}"]
    return []


def _size(info: EngineInfo) -> int:
    """Bytes of an engine's weights; of a hub's only what is here."""
    if info.hub is None:
        return sum(weight.size for weight in info.weights)
    from dressform.parsing.engines.m2fp.weights import is_pulled, pulled_folder

    return sum(path.stat().st_size for path in pulled_folder(info.hub).iterdir()) if is_pulled(info.hub) else 0


def _chosen(engine: str | None) -> tuple[EngineInfo, ...]:
    if engine is None:
        return list_engines()
    check_engine(engine)
    return (engine_info(engine),)


def _state(info: EngineInfo) -> str:
    if not info.runnable:
        return "not in this version"
    if info.hub is not None:
        from dressform.parsing.engines.m2fp.weights import is_pulled

        return f"{info.hub.revision} present" if is_pulled(info.hub) else f"not pulled ({info.hub.revision})"
    missing = [weight.name for weight in info.weights if not is_present(weight)]
    return f"missing or damaged: {', '.join(missing)}" if missing else "present"
