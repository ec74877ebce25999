"""The drafting page: texts, pictures, snippets, sources and revisions."""
