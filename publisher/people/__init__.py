"""Who works here: appointments, sign-in, one-use links, and who comes next."""
