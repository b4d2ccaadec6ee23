"""Check that every SIMD primitive of a built library is inlined.

A closure, or a function that isn't inlined, has not the target features of the kernel that calls it. There the compiler
makes a call of every intrinsic, the kernel runs at an eighth of its speed, and no warning says so. Such an intrinsic
shows as a function of its own in the library's symbols, which the release profile strips: the library has to be built
with `CARGO_PROFILE_RELEASE_STRIP=none`, as `make build` does.

Usage: `check_inlining.py WHEEL_OR_LIBRARY`. Needs `nm`, which comes with a C compiler; without it nothing is checked.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

EXTENSION = r"gmm_rs/_core.*\.(so|pyd)"

PRIMITIVES = (
    r"<?core::core_arch::",  # the intrinsics
    r"<?pulp::",  # their names in pulp
    r"<?gmm_core::kernels::lanes::",  # and in the kernels
)
ENTRIES = (
    r"<?core::core_arch::x86::(cpuid|xsave)::",  # the standard library asks what the processor has
    r"<?pulp::x86::v[34]::V[34]>?::(vectorize::|__detect_is_available)",  # pulp asks too, and enters a kernel once
)


def primitives_left(symbols: str) -> list[str]:
    """The primitives among the functions that `nm` lists as defined in a library."""
    functions = re.findall(r"^[0-9a-f]+ [tTwW] _?(.+)$", symbols, re.MULTILINE)
    primitives = {name for name in functions if any(re.match(primitive, name) for primitive in PRIMITIVES)}
    return sorted(name for name in primitives if not any(re.match(entry, name) for entry in ENTRIES))


def symbols_of(library: Path) -> str:
    """The demangled symbols of the library, empty if it has none."""
    return subprocess.run(["nm", "-C", str(library)], check=True, capture_output=True, encoding="utf-8").stdout


def symbols_of_wheel(wheel: Path) -> str:
    """Those of the extension module in the wheel."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        extension = next(name for name in archive.namelist() if re.fullmatch(EXTENSION, name))
        return symbols_of(Path(archive.extract(extension, folder)))


def main() -> int:
    """Print every primitive that is left; the exit status is 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("path", metavar="WHEEL_OR_LIBRARY", type=Path)
    path: Path = parser.parse_args().path

    if shutil.which("nm") is None:
        print("whether SIMD primitives are inlined was not checked: there is no nm")
        return 0
    symbols = symbols_of_wheel(path) if path.suffix == ".whl" else symbols_of(path)
    if not symbols:
        print(f"{path.name} has no symbols: build it with CARGO_PROFILE_RELEASE_STRIP=none", file=sys.stderr)
        return 1
    left = primitives_left(symbols)
    for name in left:
        print(f"{path.name}: {name} is not inlined: its caller lacks its target features", file=sys.stderr)
    if not left:
        print(f"{path.name}: all SIMD primitives are inlined")
    return bool(left)


if __name__ == "__main__":
    sys.exit(main())
