"What an author runs: `python -m tools.prepare`, `tools.check`, `tools.chapter`, usually through make."
