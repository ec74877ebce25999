"""The page of rehearsals."""
