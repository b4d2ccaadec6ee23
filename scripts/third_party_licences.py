"""Write THIRD-PARTY-LICENSES.txt: the licences of the Rust crates that are linked into the extension module.

Whoever passes on a wheel passes on these crates too, and most of their licences ask that their text comes along.
Crates that only run while building (build scripts, procedural macros) are left out. Where a crate offers MIT as one of
several licences, MIT is the one taken. The file names no versions, so that it changes only when a text does; the exact
versions are in the wheel's software bill of materials (`gmm_rs-*.dist-info/sboms`).

Usage: `third_party_licences.py [--check]`; with `--check` nothing is written, and a stale file is an error.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTICE = ROOT / "THIRD-PARTY-LICENSES.txt"
EXTENSION_CRATE = "gmm-py"
LICENCE_FILE = r"(?i)(un)?licen[cs]e|copying|notice"
RULE = "-" * 100
HEADER = """\
gmm_rs is distributed with the Rust crates below, linked into its extension module, each under the licence named, and
with the Rust standard library (MIT OR Apache-2.0, the Rust project contributors).
Made by scripts/third_party_licences.py.
"""

Package = dict[str, Any]


def linked_packages() -> list[Package]:
    """All packages from outside this repository that the extension module links, on any platform, sorted by name."""
    command = ["cargo", "metadata", "--format-version=1", "--locked"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8").stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}

    pending = [package["id"] for package in packages.values() if package["name"] == EXTENSION_CRATE]
    linked: set[str] = set()
    while pending:
        current = pending.pop()
        if current in linked or is_proc_macro(packages[current]):
            continue
        linked.add(current)
        pending += [
            dependency["pkg"]
            for dependency in nodes[current]["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        ]
    outside = [packages[identity] for identity in linked if packages[identity]["source"] is not None]
    return sorted(outside, key=lambda package: (package["name"], package["version"]))


def is_proc_macro(package: Package) -> bool:
    """Whether the package runs inside the compiler, and so isn't part of what it compiles."""
    return any("proc-macro" in target["kind"] for target in package["targets"])


def licence_texts(package: Package) -> list[str]:
    """The texts that come with the package: of its MIT licence where it offers that, of all its licences otherwise."""
    folder = Path(package["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and re.match(LICENCE_FILE, path.name))
    if offers_mit(package["license"]):
        files = [path for path in files if "mit" in path.name.lower()] or files
    return [path.read_text(encoding="utf-8").replace("\r\n", "\n").strip() for path in files]


def offers_mit(expression: str) -> bool:
    """Whether MIT alone satisfies the licence expression; the old spelling of OR is a slash."""
    return "AND" not in expression and "MIT" in re.split(r"\s+OR\s+|/", expression)


def notice() -> str:
    """The whole file: the list of crates, then every distinct text once, with the crates that it is for."""
    listing: set[str] = set()
    crates_by_text: dict[str, list[str]] = defaultdict(list)
    for package in linked_packages():
        name = package["name"]
        listing.add(f"{name} ({package['license']}): {package['repository']}")
        texts = licence_texts(package)
        if not texts:
            listing.add(f"{name}: ships no licence text of its own; see its repository")
        for text in texts:
            if name not in crates_by_text[text]:
                crates_by_text[text].append(name)
    sections = [HEADER, "\n".join(sorted(listing)) + "\n"]
    sections += [f"{RULE}\n{', '.join(crates)}\n{RULE}\n\n{text}\n" for text, crates in crates_by_text.items()]
    return "\n".join(sections)


def main() -> int:
    """Write or check the notice; the exit status is 1 if it is stale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="fail if the file is not up to date; write nothing")
    check = parser.parse_args().check
    wanted = notice()
    if check:
        if NOTICE.exists() and NOTICE.read_text(encoding="utf-8") == wanted:
            return 0
        print(f"{NOTICE.name} does not match Cargo.lock: run `make licences` and commit it", file=sys.stderr)
        return 1
    NOTICE.write_text(wanted, encoding="utf-8", newline="\n")
    print(f"wrote {NOTICE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
