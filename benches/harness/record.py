"""The machine that a run was made on, and the file that keeps its figures."""

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np


def machine() -> dict[str, Any]:
    """What figures depend on beside the contenders."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "instruction_set": os.environ.get("GMM_RS_INSTRUCTION_SET", "widest"),
    }


def processor() -> str:
    """The processor's model; its family in numbers where Linux knows no more of it."""
    info = Path("/proc/cpuinfo")
    if sys.platform != "linux" or not info.exists():
        return platform.processor() or platform.machine()
    lines = [line.split(":", 1) for line in info.read_text().splitlines() if ":" in line]
    fields = {name.strip(): value.strip() for name, value in reversed(lines)}
    name = fields.get("model name", platform.machine())
    return f"{name} (family {fields['cpu family']}, model {fields['model']})" if "cpu family" in fields else name


def versions(*distributions: str) -> dict[str, str]:
    """The installed version of each."""
    return {name: metadata.version(name) for name in distributions}


def heading(options: argparse.Namespace, versions: dict[str, str]) -> str:
    """What was measured on, and how: the first line of a table."""
    return f"{processor()}, {options.threads} threads, medians of {options.repeats}, {listed(versions)}"


def listed(versions: dict[str, str]) -> str:
    """The versions in words."""
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def write(path: Path | None, results: list[dict[str, Any]], versions: dict[str, str]) -> None:
    """Keep all figures in the file, if there is one."""
    if path is not None:
        record = {"machine": machine(), "versions": versions, "results": results}
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
