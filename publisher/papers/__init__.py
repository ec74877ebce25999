"""Papers that an office files: PDF with letterhead, tables and page numbers."""
