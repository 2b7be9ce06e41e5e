"""Which lmteach runs: that of this command, that of the kernels, the one the lessons came from."""

import filecmp
import importlib.util
import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from .. import __version__
from . import lessons

SECONDS = 30  # a computer that is busy starts Python slowly
FIND = "import importlib.util as u; found = u.find_spec('lmteach'); print(found and found.origin)"
NUMBER = re.compile(r'^__version__ = "([^"]*)"', re.M)


class Package(NamedTuple):
    """One lmteach on this computer: its version, and the folder of its modules."""

    version: str
    place: Path

    def __str__(self):
        return f"lmteach {self.version} in {self.place}"


def of_this_command():
    """Return the Package whose command runs."""
    return Package(__version__, Path(__file__).resolve().parents[1])


def of_the_kernels(program, folder):
    """Return the Package that a kernel finds in the folder of the lessons; None if there is none.

    It is looked for, not imported. Raises OSError where the program cannot be run, and
    subprocess.SubprocessError where it does not answer.
    """
    place = next(place for place in (folder, *folder.resolve().parents) if place.is_dir())
    asked = subprocess.run(
        [program, "-c", FIND],
        cwd=place,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=True,
    )
    found = Path(asked.stdout.strip())
    if not found.is_file():
        return None
    number = NUMBER.search(found.read_text(encoding="utf-8"))
    return Package(number[1] if number else "unknown", found.resolve().parent)


def disagreements(program, folder):
    """Return sentences on what does not fit together, each with how to mend it; [] if all does."""
    return [
        said for said in (_of_packages(program, folder), _of_lessons(folder)) if said is not None
    ]


def _of_packages(program, folder):
    here = of_this_command()
    try:
        there = of_the_kernels(program, folder)
    except (OSError, subprocess.SubprocessError) as error:
        return f"The Python of the kernels, {program}, cannot be asked for its lmteach: {error}"
    if there is None:
        return f"The kernels do not find lmteach. Install it: {_install(here, program)}"
    if there.version != here.version:
        return (
            f"This command is {here}, but the kernels use {there}. "
            f"Bring them together: {_install(here, program)}"
        )
    if changed := _differing(here.place, there.place):
        return (
            f"This command is {here}, but the kernels use {there}, and {changed} of their files "
            f"differ. Bring them together: {_install(here, program)}"
        )
    return None


def _of_lessons(folder):
    if not are_newer(folder):
        return None
    return (
        f"The lessons in {folder} are of lmteach {lessons.put_by(folder)}, and this is the older "
        f"{__version__}. Install the newer one, from where that one came or by "
        f"{install('--upgrade lmteach')}"
    )


def are_newer(folder):
    """Tell whether a newer lmteach than this one has put the lessons into a folder."""
    put = lessons.put_by(folder)
    return bool(put) and is_older(__version__, put)


def is_older(version, other):
    """Tell whether a version is older than another: compared number by number."""
    return _numbers(version) < _numbers(other)


def _numbers(version):
    return [int(number) for number in re.findall(r"\d+", version)]


def _install(package, program):
    """Return the command that gives the kernels the lmteach of this command."""
    checkout = package.place.parent
    source = checkout if (checkout / "pyproject.toml").is_file() else _came_from(package)
    return install(f'"{source}"' if source else f"lmteach=={package.version}", program)


def _came_from(package):
    """Return the file or folder that a package was installed from; None if it is not there."""
    try:
        found = distribution("lmteach")
        origin = json.loads(found.read_text("direct_url.json") or "{}").get("url", "")
    except (PackageNotFoundError, ValueError):
        return None
    if Path(found.locate_file("lmteach")).resolve() != package.place:
        return None
    path = Path(url2pathname(urlsplit(origin).path)) if origin.startswith("file:") else None
    return path if path and path.exists() else None


def install(what, program=sys.executable):
    """Return the command that installs something into a Python: by pip, by uv where it has none."""
    if program == sys.executable and importlib.util.find_spec("pip") is None:
        return f"uv pip install --python {program} {what}"
    return f"{program} -m pip install {what}"


def _differing(here, there):
    """Return how many modules of two packages differ, or are in one of them only."""
    names = {path.relative_to(root) for root in (here, there) for path in root.rglob("*.py")}
    return sum(not _same(here / name, there / name) for name in names)


def _same(one, other):
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
