"""Check that a built wheel holds what its users need and runs on the machines that its name promises.

Looked at: one extension module of the stable ABI, stubs and `py.typed`, licences, the bill of materials, no files of
the source tree; and, on Linux, that `auditwheel` finds the wheel consistent with the manylinux tag asked for.

Usage: `check_wheel.py WHEEL [--manylinux manylinux_2_17]`
"""

import argparse
import json
import math
import re
import subprocess
import sys
import zipfile
from pathlib import Path

REQUIRED = (
    r"gmm_rs/__init__\.py",
    r"gmm_rs/_core\.pyi",
    r"gmm_rs/py\.typed",
    r"gmm_rs-[^/]+\.dist-info/licenses/LICENSE-MIT",
    r"gmm_rs-[^/]+\.dist-info/licenses/LICENSE-APACHE",
    r"gmm_rs-[^/]+\.dist-info/licenses/THIRD-PARTY-LICENSES\.txt",
    r"gmm_rs-[^/]+\.dist-info/sboms/.+\.json",
)
ALLOWED_FOLDERS = r"gmm_rs/|gmm_rs-[^/]+\.dist-info/"
EXTENSION = r"gmm_rs/_core(\.abi3\.so|\.pyd)"


def faults_of_contents(wheel: Path) -> list[str]:
    """What is missing from the wheel, and what should not be in it."""
    if "-cp311-abi3-" not in wheel.name:
        return [f"{wheel.name} is not tagged cp311-abi3"]
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    faults = [f"no file matches {pattern}" for pattern in REQUIRED if not any(re.fullmatch(pattern, n) for n in names)]
    faults += [f"{name} should not be there" for name in names if not re.match(ALLOWED_FOLDERS, name)]
    compiled = [name for name in names if re.search(r"\.(so|pyd|dylib|dll)$", name)]
    if len(compiled) != 1 or not re.fullmatch(EXTENSION, compiled[0]):
        faults.append(f"wanted one extension module of the stable ABI, found {compiled}")
    return faults


def faults_of_platform(wheel: Path, tag: str) -> list[str]:
    """Whether the wheel's name lacks the tag, or its symbols need a newer C library than the tag stands for."""
    command = [sys.executable, "-m", "auditwheel", "show", "--json", str(wheel)]
    audit = json.loads(subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout)
    faults = [] if f"{tag}_" in wheel.name else [f"its name lacks the tag {tag}"]
    if audit["unsupported_isa"] or glibc_version(audit["overall_tag"]) > glibc_version(tag):
        faults.append(f"auditwheel finds it consistent with {audit['overall_tag']}, not {tag}")
    return faults


def glibc_version(tag: str) -> tuple[float, float]:
    """The C library's version in a manylinux tag; infinite for any other tag, such as linux_x86_64."""
    match = re.match(r"manylinux_(\d+)_(\d+)", tag)
    return (float(match[1]), float(match[2])) if match else (math.inf, math.inf)


def main() -> int:
    """Print every fault; the exit status is 1 if there was one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--manylinux", metavar="TAG", help="the tag to audit for, such as manylinux_2_17")
    arguments = parser.parse_args()

    faults = faults_of_contents(arguments.wheel)
    if arguments.manylinux:
        faults += faults_of_platform(arguments.wheel, arguments.manylinux)
    for fault in faults:
        print(f"{arguments.wheel.name}: {fault}", file=sys.stderr)
    if not faults:
        print(f"{arguments.wheel.name}: contents and tags are as promised")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
