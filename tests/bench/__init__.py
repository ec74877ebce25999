"""Tests of the benchmarks, with very few rows."""
