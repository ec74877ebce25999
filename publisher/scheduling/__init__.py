"""Scheduling: when approved variants leave, and what holds them back."""
