"""Files that fill the register: read, matched, shown as a plan, and carried out whole."""
