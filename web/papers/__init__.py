"""Pages as papers (PDF) for the files of an office."""
