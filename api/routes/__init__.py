"""The routes of the service."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from dressform.api.routes import avatar, compat, health, jobs, lists, page, parse, stages, tryon
from dressform.api.settings import Settings

__all__ = ["add_routes"]


def add_routes(app: FastAPI, settings: Settings) -> None:
    """Put all routes into an application."""
    router = APIRouter()
    for module in (parse, avatar, tryon, stages, jobs, lists, health):
        module.add(router, settings)
    if settings.compat:
        compat.add(router, settings)
    app.include_router(router)
    if settings.page:
        page.add(app)
