"""Checks of a draft before review: each rule yields warnings with their locations."""
