"""An idle animation: the eyes blink twice, once slowly and once at once."""

from __future__ import annotations

from dataclasses import replace

from dressform.avatar.scene import Group, Layer, Scene

__all__ = ["blink"]

_OPEN, _SHUT, _SOON, _REST = 1900, 110, 140, 2600  # milliseconds


def blink(scene: Scene) -> tuple[tuple[Scene, int], ...]:
    """Scenes with the milliseconds that each is shown, for an endless loop; one where there are no eyes to close."""
    shut = replace(scene, children=tuple(_shut(child) for child in scene.children))
    if all(layer.visible == other.visible for layer, other in zip(scene.layers(), shut.layers(), strict=True)):
        return ((scene, _OPEN),)
    return ((scene, _OPEN), (shut, _SHUT), (scene, _SOON), (shut, _SHUT), (scene, _REST))


def _shut(node: Layer | Group) -> Layer | Group:
    if isinstance(node, Layer):
        return node
    if any(child.name.endswith("_closed") for child in node.children):
        return replace(
            node,
            children=tuple(
                replace(child, visible=child.name.endswith("_closed")) if isinstance(child, Layer) else child
                for child in node.children
            ),
        )
    return replace(node, children=tuple(_shut(child) for child in node.children))
