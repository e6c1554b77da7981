"""Runs benchmarks by name, all if none is named, each after the environments it needs were made."""

import argparse
import subprocess
import sys

from environments import HERE, PEERS, make

NEEDS = {
    "overhead": PEERS,
    "time_to_good": PEERS,
    "growth": (),
    "busy": (),
    "throughput": (),
    "startup": (),
    "confirming": (),
}


def main() -> int:
    """Gives the number of benchmarks that failed."""
    there = [name for name in NEEDS if (HERE / f"{name}.py").is_file()]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(there))
    names = parser.parse_args().names or there
    unknown = set(names) - set(there)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    for peer in dict.fromkeys(peer for name in names for peer in NEEDS[name]):
        make(peer)
    failed = [name for name in names if subprocess.run([sys.executable, HERE / f"{name}.py"]).returncode]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
