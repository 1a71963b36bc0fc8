"""One contact card as SVG, drawn at its real size and without any script or reference to elsewhere."""

from xml.sax.saxutils import escape

from services.residents.contact_cards.layout import (
    CORNER_MM,
    HEIGHT_MM,
    PAPER,
    WIDTH_MM,
    Box,
    PrintedCard,
    Shape,
    shapes_of,
)

_FONTS = "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei','SimHei',sans-serif"


def render_svg(card: PrintedCard) -> str:
    drawn = "".join(_element(shape) for shape in shapes_of(card))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM}mm" height="{HEIGHT_MM}mm" '
        f'viewBox="0 0 {WIDTH_MM} {HEIGHT_MM}" font-family="{_FONTS}" role="img" aria-label="民情联系卡 Contact card">'
        f'<clipPath id="card"><rect width="{WIDTH_MM}" height="{HEIGHT_MM}" rx="{CORNER_MM}"/></clipPath>'
        f'<g clip-path="url(#card)"><rect width="{WIDTH_MM}" height="{HEIGHT_MM}" fill="{PAPER}"/>{drawn}</g></svg>\n'
    )


def _element(shape: Shape) -> str:
    if isinstance(shape, Box):
        return (
            f'<rect x="{shape.x:.3f}" y="{shape.y:.3f}" width="{shape.width:.3f}" height="{shape.height:.3f}" '
            f'fill="{shape.fill}" shape-rendering="crispEdges"/>'
        )
    weight = ' font-weight="700"' if shape.bold else ""
    return (
        f'<text x="{shape.x:.3f}" y="{shape.y:.3f}" font-size="{shape.size:.3f}" fill="{shape.fill}" '
        f'text-anchor="{shape.anchor}"{weight} xml:space="preserve">{escape(shape.text)}</text>'
    )
