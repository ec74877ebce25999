"""Invented pictures for the previews, drawn as SVG so that the tests contain no binary files."""

from __future__ import annotations

from flask import Response

NOTICE = (
    '<rect width="800" height="450" fill="#fdfcf7"/><rect width="800" height="80" fill="#1b4f72"/>'
    '<rect x="40" y="30" width="220" height="22" fill="#fff"/><rect x="40" y="120" width="460" '
    'height="44" fill="#14212e"/><rect x="40" y="196" width="560" height="22" fill="#8a1313"/>'
    '<rect x="40" y="260" width="700" height="14" fill="#3f4c59"/><rect x="40" y="300" '
    'width="640" height="14" fill="#3f4c59"/><rect x="40" y="400" width="300" height="20" '
    'fill="#14212e"/>'
)
PIPE = (
    '<rect width="800" height="450" fill="#8d6a4c"/><rect width="800" height="180" fill="#c9d6dc"/>'
    '<rect y="230" width="800" height="120" fill="#2f6fae"/><circle cx="400" cy="180" r="60" '
    'fill="none" stroke="#b23a2a" stroke-width="18"/><rect x="388" y="180" width="24" height="60" '
    'fill="#b23a2a"/>'
)


def picture(number: int) -> Response:
    """Return one of the pictures; even numbers show the pipe."""
    drawing = PIPE if number % 2 == 0 else NOTICE
    text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 450">{drawing}</svg>'
    return Response(text, mimetype="image/svg+xml")
