"""Pages of the mails to the Cell that wait for a person."""
