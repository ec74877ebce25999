"""Pages as papers (PDF) that an office files."""
