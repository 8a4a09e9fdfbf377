"""``python -m eqdarts.cli``."""

from __future__ import annotations

import sys

from eqdarts.cli.command import main

if __name__ == "__main__":
    sys.exit(main())
