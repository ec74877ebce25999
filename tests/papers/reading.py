"""Read a PDF as PDFium, and so Chromium, does: its pages, their text, how they are drawn."""

from __future__ import annotations

import pypdfium2
from PIL import Image


def texts(pdf: bytes) -> list[str]:
    """Return the text that is copied out of each page, with single spaces for lines and gaps."""
    with pypdfium2.PdfDocument(pdf) as document:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def whole(pdf: bytes) -> str:
    """Return the text that is copied out of all pages."""
    return " ".join(texts(pdf))


def drawn(pdf: bytes, page: int = 0, *, scale: float) -> Image.Image:
    """Return a page in grey, `scale` times 72 dots an inch."""
    with pypdfium2.PdfDocument(pdf) as document:
        picture: Image.Image = document[page].render(scale=scale, grayscale=True).to_pil()
        return picture.convert("L")


def fonts(pdf: bytes) -> set[str]:
    """Return the names of the fonts that are embedded in a PDF."""
    with pypdfium2.PdfDocument(pdf) as document:
        return {
            text.get_font().get_base_name()
            for page in document
            for text in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT])
        }
