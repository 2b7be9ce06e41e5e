"""The README as PyPI shows it: `python docs/pypi_readme.py FILES PAGES` rewrites it.

PyPI keeps no files beside the README. So a picture gets the address under which the repository
hands out its files, such as https://example.org/lmteach/raw/v1.0, and a link the one under which
it shows them as pages; and what is installed is lmteach by its name, not the folder one is in. A
release does this to its own copy before it is built.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
LINK = re.compile(r"(!?\[[^\]]*\]\()(?![a-z]+:|#)([^)\s]+\))")
NAMED = {
    "In a copy of this folder, with Python 3.11": "With Python 3.11",
    'pip install ".[lab]"': 'pip install "lmteach[lab]"',
    "pip install .`": "pip install lmteach`",
}


def absolute(text, files, pages):
    """Return the text with an address before every picture and every link that has none."""

    def whole(link):
        address = files if link[1].startswith("!") else pages
        return f"{link[1]}{address.rstrip('/')}/{link[2]}"

    return LINK.sub(whole, text)


def by_name(text):
    """Return the text with lmteach installed by its name."""
    for here, there in NAMED.items():
        text = text.replace(here, there)
    return text


if __name__ == "__main__":
    shown = by_name(absolute(README.read_text(encoding="utf-8"), *sys.argv[1:]))
    README.write_text(shown, encoding="utf-8")
