"""Lets the harness's modules, which also run as scripts under Python 3.7, import one another."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
