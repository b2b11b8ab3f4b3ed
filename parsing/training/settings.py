"""Command line and configuration that the training commands share."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dressform.parsing.training.fit import Schedule

__all__ = ["Settings", "read_config", "read_settings"]


@dataclass(frozen=True)
class Settings:
    """What one run is told.

    Attributes:
        folders: The paths given on the command line, by name; ``out`` is the folder of the run.
        config: The configuration file's sections.
        schedule: Its ``[schedule]``, with what the command line overrides.
        start: Folder of a run whose averaged weights are to begin with.
    """

    folders: dict[str, Path]
    config: dict[str, Any]
    schedule: Schedule
    start: Path | None = None


def read_config(network: str) -> dict[str, Any]:
    """The sections of the configuration file of a network."""
    return tomllib.loads(Path(__file__).with_name(f"{network}.toml").read_text())


def read_settings(network: str, paths: Sequence[str], arguments: Sequence[str] | None = None) -> Settings:
    """Read the command line of ``train_{network}`` and its configuration file.

    Args:
        network: "people", "parts", "joints" or "face"; its settings are in ``{network}.toml`` beside this file.
        paths: Names of the paths that the command needs besides ``--out``.
        arguments: Instead of the process's own.
    """
    parser = argparse.ArgumentParser(description=f"Train the {network} network; goes on where a run was stopped.")
    for name in (*paths, "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument(
        "--start", type=Path, help="folder of a run whose averaged weights to begin with, as far as they fit"
    )
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name(f"{network}.toml"))
    parser.add_argument("--steps", type=int, help="instead of the configuration's")
    parser.add_argument("--threads", type=int, help="instead of the configuration's")
    args = parser.parse_args(arguments)
    config = tomllib.loads(args.config.read_text())
    given = {name: value for name in ("steps", "threads") if (value := getattr(args, name)) is not None}
    schedule = replace(Schedule(**config["schedule"]), **given)
    return Settings({name: getattr(args, name) for name in (*paths, "out")}, config, schedule, args.start)
