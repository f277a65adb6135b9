"""examples/push_csv.py against a local server that holds it to the contract of the two bulk methods."""

import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPT = EXAMPLES / "push_csv.py"

sys.path.insert(0, str(EXAMPLES))  # as the script does, for its package pushcsv
