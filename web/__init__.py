"""How the notebooks become a site.

`book` reads the reading order, `process` makes plain Quarto pages of the notebooks, `rewrite` numbers, cites and
links them for the renderer, `check` looks for faults, `build` does it all in order and `serve` again at every change.
"""
