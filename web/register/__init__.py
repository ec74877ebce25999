"""Pages that read a file of officers or heads into the register."""
