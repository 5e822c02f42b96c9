"""`make bench`, or `python -m benchmarks speed memory rerun cuts` for some of them."""

import sys
import tempfile
from importlib import import_module
from pathlib import Path

from benchmarks import readme

NAMES = ("speed", "rerun", "cuts", "memory", "export", "scores", "search", "dedup", "lookup")

if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        with tempfile.TemporaryDirectory() as scratch:
            import_module(f"benchmarks.{name}").main(Path(scratch))
    readme.fill()
