"""The proof that the house keeps its promises."""

from __future__ import annotations
