"""Scenes as SVG: nested groups that Inkscape shows as layers, flat fills, gradients, strokes; nothing external."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from dressform.avatar.paths import Curve, Path
from dressform.avatar.scene import Color, Gradient, Group, Layer, Paint, Scene, Shape

__all__ = ["escape", "to_svg"]

_SPACES = {
    "": "http://www.w3.org/2000/svg",
    ":inkscape": "http://www.inkscape.org/namespaces/inkscape",
    ":rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    ":cc": "http://creativecommons.org/ns#",
    ":dc": "http://purl.org/dc/elements/1.1/",
}
_FINEST = 10_000  # steps that the longer side is divided into, at the least
_PLAIN_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


def to_svg(scene: Scene, *, width: float | None = None) -> str:
    """The scene as an SVG document, with a group per group and layer, in the order of drawing.

    Ids are the names; labels are the titles. Hidden layers are there, not displayed. Effects are left out.
    Numbers have one decimal, more in scenes smaller than 1000 units. One scene always gives the same text.

    Args:
        scene: What to write.
        width: Of the picture in CSS pixels; None takes one per scene unit. The height follows.
    """
    return _Writer(scene).document(width)


def escape(text: str) -> str:
    """Text for XML, inside an element or a quoted attribute; characters that XML lacks become U+FFFD."""
    return "".join(_ESCAPES.get(sign, sign) for sign in _NO_XML.sub("\ufffd", text))


class _Writer:
    """Writes one scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.decimals = 1
        while max(scene.width, scene.height) * 10**self.decimals < _FINEST and self.decimals < 9:
            self.decimals += 1
        self.gradients: dict[Gradient, str] = {}
        self.clips: dict[str, str] = {}  # ids of clip paths by their data

    def document(self, width: float | None) -> str:
        """The text; the drawing is written first, as it finds the gradients."""
        scene, number = self.scene, self.number
        body = [line for child in scene.children for line in self.tree(child)]
        scale = 1 if width is None else width / scene.width
        spaces = [f'xmlns{name}="{uri}"' for name, uri in _SPACES.items()][: 5 if scene.metadata else 2]
        size = f'width="{number(scene.width * scale)}" height="{number(scene.height * scale)}"'
        lines = [
            f"<svg {' '.join(spaces)} {size}"
            f' viewBox="0 0 {number(scene.width)} {number(scene.height)}"'
            ' fill-rule="evenodd" stroke-linejoin="round" stroke-linecap="round">'
        ]
        if scene.title:
            lines.append(f"<title>{escape(scene.title)}</title>")
        if scene.metadata:
            lines += self.metadata()
        if self.gradients or self.clips:
            clips = (f'<clipPath id="{name}"><path d="{data}"/></clipPath>' for data, name in self.clips.items())
            lines += [
                "<defs>",
                *(self.gradient(each, name) for each, name in self.gradients.items()),
                *clips,
                "</defs>",
            ]
        return "\n".join([*lines, *body, "</svg>", ""])

    def metadata(self) -> Iterator[str]:
        """Title, creator, source, licence and whatever else, the way Inkscape reads them."""
        yield '<metadata><rdf:RDF><cc:Work rdf:about=""><dc:format>image/svg+xml</dc:format>'
        if self.scene.title:
            yield f"<dc:title>{escape(self.scene.title)}</dc:title>"
        for key, value in self.scene.metadata.items():
            text = escape(value)
            if key == "licence":
                yield f"<dc:rights><cc:Agent><dc:title>{text}</dc:title></cc:Agent></dc:rights>"
                if re.match("https?://", value):
                    yield f'<cc:license rdf:resource="{text}"/>'
            elif key == "creator":
                yield f"<dc:creator><cc:Agent><dc:title>{text}</dc:title></cc:Agent></dc:creator>"
            elif key == "source":
                yield f"<dc:source>{text}</dc:source>"
            else:
                yield f"<dc:description>{escape(key)}: {text}</dc:description>"
        yield "</cc:Work></rdf:RDF></metadata>"

    def tree(self, node: Layer | Group) -> Iterator[str]:
        """A group or layer with what it holds."""
        hidden = isinstance(node, Layer) and not node.visible
        style = ' style="display:none"' if hidden else ""
        if isinstance(node, Layer) and node.clip is not None:
            # Hyphens keep this id apart from those of layers.
            name = self.clips.setdefault(self.path(node.clip) or "M0 0", f"clip-{len(self.clips) + 1}")
            style += f' clip-path="url(#{name})"'
        label = escape(node.title or node.name)
        yield f'<g id="{_identifier(node.name)}" inkscape:groupmode="layer" inkscape:label="{label}"{style}>'
        if isinstance(node, Layer):
            yield from (text for shape in node.shapes if (text := self.shape(shape, node.name)))
        else:
            for child in node.children:
                yield from self.tree(child)
        yield "</g>"

    def shape(self, shape: Shape, layer: str) -> str:
        """A path element; nothing for a shape without curves, fill and stroke."""
        stroke = shape.stroke if shape.stroke is not None and shape.stroke.width > 0 else None
        data = self.path(shape.path)
        if not data or (shape.fill is None and stroke is None):
            return ""
        paint = f' fill="{self.paint(shape.fill, layer)}"'
        if stroke is not None:
            paint += f' stroke="{_hex(stroke.color)}" stroke-width="{self.number(stroke.width)}"'
        opacity = f' opacity="{_decimal(shape.opacity, 3)}"' if shape.opacity < 1 else ""
        return f'<path{paint}{opacity} d="{data}"/>'

    def paint(self, paint: Paint | None, layer: str) -> str:
        """Value of a fill; a gradient is remembered under the name of the layer that first used it."""
        if not isinstance(paint, Gradient):
            return "none" if paint is None else _hex(paint)
        if paint not in self.gradients:
            count = sum(name.startswith(f"{layer}-") for name in self.gradients.values())
            self.gradients[paint] = f"{layer}-gradient-{count + 1}"
        return f"url(#{self.gradients[paint]})"

    def gradient(self, gradient: Gradient, name: str) -> str:
        """A gradient element in scene units."""
        (ax, ay), (bx, by) = gradient.start, gradient.end
        if gradient.kind == "linear":
            values = {"x1": ax, "y1": ay, "x2": bx, "y2": by}
        else:
            values = {"cx": ax, "cy": ay, "r": float(np.sqrt((bx - ax) ** 2 + (by - ay) ** 2))}
        place = " ".join(f'{key}="{self.number(value)}"' for key, value in values.items())
        stops = gradient.stops if (ax, ay) != (bx, by) else gradient.stops[-1:] * 2  # without length: the last colour
        inner = "".join(_stop(*stop) for stop in stops)
        tag = f"{gradient.kind}Gradient"
        return f'<{tag} id="{name}" gradientUnits="userSpaceOnUse" {place}>{inner}</{tag}>'

    def number(self, value: float) -> str:
        """A length in scene units."""
        return _decimal(value, self.decimals)

    def path(self, path: Path) -> str:
        """Path data; each command is relative or absolute, whichever is shorter."""
        pen = _Pen(self.decimals)
        for curve in path.curves:
            self.curve(curve, pen)
        return "".join(pen.text)

    def curve(self, curve: Curve, pen: _Pen) -> None:
        """Writes one curve; pieces that are straight within half a step become lines."""
        a, b, c, d = (curve.points[k::3][: curve.cubics] for k in range(4))
        d, tolerance = curve.points[3::3], 0.5 / 10**self.decimals
        chord = d - a
        length = np.hypot(*chord.T)
        straight = np.ones(len(a), bool)
        for control in (b - a, c - a):
            straight &= abs(chord[:, 0] * control[:, 1] - chord[:, 1] * control[:, 0]) <= tolerance * length
            straight &= (chord * control).sum(1) >= -tolerance * length
            straight &= np.hypot(*control.T) <= length + tolerance
        steps = np.rint(curve.points * 10**self.decimals).astype(np.int64)
        if curve.closed:
            steps[-1] = steps[0]
        start, *rest = steps.tolist()
        pen.move(start)
        before = len(pen.text)
        for k, line in enumerate(straight.tolist()):
            target = rest[3 * k + 2]
            if not line:
                pen.write("C", *rest[3 * k : 3 * k + 3])
            elif target != pen.at and not (curve.closed and k == curve.cubics - 1):
                pen.line(target)
        if len(pen.text) == before:
            pen.write("H", [start[0]])  # a dot, for round caps
        if curve.closed:
            pen.close()


class _Pen:
    """Writes path data from points in whole steps of the last decimal."""

    def __init__(self, decimals: int) -> None:
        self.text: list[str] = []
        self.decimals = decimals
        self.at = [0, 0]
        self.start = [0, 0]
        self.last = ""

    def move(self, point: list[int]) -> None:
        self.write("M", point)
        self.start = self.at

    def line(self, point: list[int]) -> None:
        if point[1] == self.at[1]:
            self.write("H", point[:1])
        elif point[0] == self.at[0]:
            self.write("V", point[1:])
        else:
            self.write("L", point)

    def write(self, command: str, *points: list[int]) -> None:
        """A command with its points, the last of which becomes the pen's place."""
        x, y = self.at
        base = {"H": [x], "V": [y]}.get(command, self.at)
        absolute = self.joined(command, [n for point in points for n in point])
        relative = self.joined(command.lower(), [n - at for point in points for n, at in zip(point, base, strict=True)])
        self.text.append(absolute if len(absolute) < len(relative) else relative)
        self.last = command if len(absolute) < len(relative) else command.lower()
        self.at = {"H": [points[-1][0], y], "V": [x, points[-1][0]]}.get(command, points[-1])

    def joined(self, command: str, numbers: list[int]) -> str:
        texts = [_fixed(number, self.decimals) for number in numbers]
        text = "".join(each if each[0] == "-" or not k else f" {each}" for k, each in enumerate(texts))
        if command != self.last or command in "Mm":
            return command + text
        return text if text[0] == "-" else f" {text}"

    def close(self) -> None:
        self.text.append("z")
        self.last, self.at = "z", self.start


def _identifier(name: str) -> str:
    """A name as an XML id: itself where possible, else with code points instead of other signs; never two alike."""
    if _PLAIN_ID.fullmatch(name):
        return name
    return "g-" + re.sub("[^A-Za-z0-9_]", lambda found: f"-{ord(found[0]):x}-", name)


def _stop(offset: float, color: Color, opacity: float) -> str:
    clear = f' stop-opacity="{_decimal(opacity, 3)}"' if opacity < 1 else ""
    return f'<stop offset="{_decimal(offset, 4)}" stop-color="{_hex(color)}"{clear}/>'


def _hex(color: Color) -> str:
    text = "{:02x}{:02x}{:02x}".format(*color)
    return "#" + (text[::2] if text[::2] == text[1::2] else text)


def _decimal(value: float, decimals: int) -> str:
    return _fixed(round(value * 10**decimals), decimals)


def _fixed(steps: int, decimals: int) -> str:
    """``steps`` of 10 ** -decimals: no zeros at the end or before the point, no -0."""
    whole, rest = divmod(abs(steps), 10**decimals)
    fraction = f"{rest:0{decimals}d}".rstrip("0")
    text = f"{whole or ''}.{fraction}" if fraction else str(whole)
    return f"-{text}" if steps < 0 else text
