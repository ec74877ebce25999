"""What the house tells its people: mails composed in their language, and sent by a tick."""
