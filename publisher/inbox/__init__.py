"""Citizens' comments: they are ingested, routed to the responsible department, and answered."""
