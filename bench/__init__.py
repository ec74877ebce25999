"""Benchmarks: throughput and delay of the product, compared with others in one run; not shipped."""

from __future__ import annotations
