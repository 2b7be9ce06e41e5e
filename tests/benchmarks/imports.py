"""Process time of `import lmteach`, by that of `import scipy.linalg`, and what it must not load.

    python tests/benchmarks/imports.py [--runs 10]

The minimum over interleaved runs, each in a process of its own; Python's own start is included in
both.
"""

import argparse
import subprocess
import sys

GOAL = 1.3
LATER = ("matplotlib", "sympy", "sklearn", "ipywidgets", "tqdm", "IPython")
TIMED = "import {}; import time; print(time.process_time())"
LOADED = f"import sys, lmteach; print(*[name for name in {LATER} if name in sys.modules])"


def printed(code):
    """What a fresh Python prints."""
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


def main():
    """Print both times and their ratio; exit with 1 if the goal is missed or too much is loaded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    names = ("scipy.linalg", "lmteach")
    times = [[float(printed(TIMED.format(name))) for name in names] for _ in range(runs)]
    base, ours = map(min, zip(*times, strict=True))
    loaded = printed(LOADED)
    print(
        f"import scipy.linalg {base:.3f} s, import lmteach {ours:.3f} s: "
        f"{ours / base:.3f} × (goal ≤ {GOAL})"
    )
    print(f"of {', '.join(LATER)} it loads: {loaded or 'none'}")
    sys.exit(ours > GOAL * base or bool(loaded))


if __name__ == "__main__":
    main()
