"""The tests of the product, its sandbox and its tools."""

from __future__ import annotations
