"""The rules: who may approve what, and what may be published. Pure Python, without I/O."""
