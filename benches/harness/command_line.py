"""Options that benchmarks of one number of threads have in common."""

import argparse
import os
from pathlib import Path


def parser(description: str | None, *, repeats: int = 3) -> argparse.ArgumentParser:
    """One that knows --threads, --repeats and --json."""
    common = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="default: all cores")
    common.add_argument("--repeats", type=int, default=repeats, help=f"that medians are of; default: {repeats}")
    common.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    return common
