"""Read the files and mails of strangers in processes with little memory and time."""
