"""QR codes, drawn in the page."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_code(address: str) -> Markup:
    """Return the address as a QR code in SVG."""
    drawn = segno.make(address, error="m", micro=False)
    return Markup(  # noqa: S704  made of squares; the address is drawn, not written
        drawn.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr-code")
    )
