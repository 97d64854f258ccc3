# SPDX-License-Identifier: Apache-2.0
"""What the lab takes from the oracle (tests/model), which shares no code with the core."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "model"))

import parse  # noqa: E402
from addresses import Prefix, packed, text_of  # noqa: E402
from checksum import compute  # noqa: E402
from reasons import DROP_REASONS, Decision  # noqa: E402

__all__ = ["DROP_REASONS", "Decision", "Prefix", "compute", "packed", "parse", "text_of"]
