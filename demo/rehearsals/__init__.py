"""Rehearsals for trainers: their scenarios, and their processes on this machine."""
