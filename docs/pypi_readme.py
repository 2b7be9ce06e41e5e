"""The README as PyPI shows it: `python docs/pypi_readme.py ADDRESS` gives its links full addresses.

PyPI keeps no files beside the README, so a link or a picture of the repository needs the address
under which the repository shows its files, such as https://example.org/lmteach/raw/v1.0. A release
does this to its own copy before it is built.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
LINK = re.compile(r"(\]\()(?![a-z]+:|#)([^)\s]+\))")


def absolute(text, address):
    """Return the text with the address before every link that has none."""
    return LINK.sub(lambda link: f"{link[1]}{address.rstrip('/')}/{link[2]}", text)


if __name__ == "__main__":
    README.write_text(absolute(README.read_text(encoding="utf-8"), sys.argv[1]), encoding="utf-8")
