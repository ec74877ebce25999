"""What departments hand in: received with a number, looked through, changed, asked about, ended."""
