"""``dressform serve``: the HTTP service and its web page."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dressform.parsing.errors import OptionError

__all__ = ["serve"]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 unless set.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 8000 unless set.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Threads that work.")] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", "-e", help="Engine; 'dressform models list' shows them.")
    ] = None,
    queue: Annotated[int | None, typer.Option(min=0, help="Tasks that may wait.")] = None,
    max_body_mb: Annotated[float | None, typer.Option(min=0.01, help="Largest upload, in MiB.")] = None,
    max_pixels: Annotated[int | None, typer.Option(min=1, help="Largest photo, width times height.")] = None,
    deadline: Annotated[float | None, typer.Option(min=0.1, help="Seconds until an answer is given up.")] = None,
    rate_limit: Annotated[str | None, typer.Option(help="Per client, such as 300/minute, or none.")] = None,
    grace: Annotated[float | None, typer.Option(min=0, help="Seconds for work to end when stopped.")] = None,
    allowed_hosts: Annotated[str | None, typer.Option(help="Host names to answer under, with commas.")] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep nothing between requests.")] = False,
    no_page: Annotated[bool, typer.Option("--no-page", help="Leave the web page out.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No line per request.")] = False,
) -> None:
    """Serve parsing, avatars and try-on over HTTP, with a web page.

    Everything else is set by DRESSFORM_ variables, such as DRESSFORM_API_KEYS. Photos stay in this machine's memory.
    """
    values: dict[str, Any] = {
        "host": host, "port": port, "workers": workers, "engine": engine, "queue_size": queue,
        "max_body": None if max_body_mb is None else round(max_body_mb * (1 << 20)), "max_pixels": max_pixels,
        "deadline": deadline, "grace": grace, "allowed_hosts": allowed_hosts,
        "rate_limit": None if rate_limit is None else "" if rate_limit == "none" else rate_limit,
        "cache_seconds": 0 if no_cache else None, "page": False if no_page else None,
    }  # fmt: skip
    settings = _settings({name: value for name, value in values.items() if value is not None})

    from dressform.api.server import make_server, start_logs
    from dressform.parsing.engines.registry import check_engine

    check_engine(settings.engine)
    start_logs("warning" if quiet else "info")
    server = make_server(
        settings, lambda where: typer.echo(f"dressform serves on {where} (stop with Ctrl+C)", err=True)
    )
    if not settings.local and not settings.guarded:
        typer.echo(
            "dressform: warning: anybody who can reach this machine can use the service; "
            "set DRESSFORM_API_KEYS, or put it behind a proxy that asks who calls",
            err=True,
        )
    server.run()
    if not server.started:
        raise typer.Exit(1)


def _settings(values: dict[str, Any]) -> Any:
    from pydantic import ValidationError

    from dressform.api.settings import Settings

    try:
        return Settings(**values)
    except ValidationError as error:
        row = error.errors(include_input=False, include_url=False)[0]
        name = "_".join(map(str, row["loc"])).upper()
        raise OptionError(f"a setting is not allowed: DRESSFORM_{name}", got=row["msg"]) from None
