"""Build the site, without a network: `python docs/make_site.py FOLDER`.

The lessons with their stored outputs, the documents, a gallery of the figures to drag, a glossary
and the reference of the package. It needs `python -m pip install -e ".[docs]"`.
"""

import argparse
import base64
import json
import pkgutil
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the lmteach of this checkout, installed or not
DOCUMENTS = ("README.md", "CHANGELOG.md", "CITATION.cff", "LICENSE")
TO_DRAG = re.compile(r"\bExplorer\(|\bexplore_\w+\(|\bplay\(")
PRIVATE = re.compile(r"\.(_|command|__main__)|_notebooks")
TITLE = re.compile(r"^# (.*)$", re.M)
GLOSSARY_OF = "D_rosetta"  # its last section is the glossary


def main(arguments=None):
    """Build the site into the folder and return Sphinx's exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0].replace("`", ""))
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    try:
        from sphinx.cmd.build import build_main
    except ImportError:
        sys.exit(f'Sphinx is missing: {sys.executable} -m pip install -e ".[docs]"')
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "source"
        write_source(source)
        code = build_main(["-q", "-b", "html", "-d", f"{place}/doctrees", str(source), str(folder)])
    if not code:
        print(f"The site is in {folder.resolve()}: open index.html there.")
    return code


def write_source(source):
    """Lay out what Sphinx reads, in the same places as here, so that links between files hold."""
    shutil.copytree(ROOT / "notebooks", source / "notebooks")
    not_shown = shutil.ignore_patterns("*.py", "*.js", "__pycache__")
    shutil.copytree(ROOT / "docs", source / "docs", ignore=not_shown)
    for name in DOCUMENTS:
        shutil.copy(ROOT / name, source)
    shutil.copy(ROOT / "docs" / "conf.py", source)
    _copy_mathjax(source / "_static")
    shutil.copy(ROOT / "docs" / "reachable.js", source / "_static")
    lessons = sorted(path.stem for path in (source / "notebooks").glob("*.ipynb"))
    modules = _write_reference(source / "reference")
    _write_gallery(source, lessons)
    _write_glossary(source, GLOSSARY_OF)
    (source / "index.md").write_text(_index(lessons, modules), encoding="utf-8")


def _copy_mathjax(folder):
    """Take MathJax from the package that brings it, since a CDN would need a network."""
    homes = [Path(place) / "sphinx-mathjax-offline" for place in sys.path]
    home = next((home for home in homes if home.is_dir()), None)
    if home is None:
        sys.exit(f'MathJax is missing: {sys.executable} -m pip install -e ".[docs]"')
    shutil.copytree(home / "static" / "mathjax", folder / "mathjax")


def _write_reference(folder):
    """A page for each public module, made of its docstrings; return their names."""
    import lmteach

    folder.mkdir()
    found = pkgutil.walk_packages(lmteach.__path__, "lmteach.", onerror=lambda name: None)
    packages = {one.name: one.ispkg for one in found if not PRIVATE.search(one.name)}
    packages = {"lmteach": True, **dict(sorted(packages.items()))}
    for name, is_package in packages.items():
        # What a package hands on is described where it is written, too: one of the two is indexed.
        once = "\n   :no-index:" if is_package else ""
        text = f".. automodule:: {name}\n   :members:{once}\n"
        page = f"# {name}\n\n```{{eval-rst}}\n{text}```\n"
        (folder / f"{name}.md").write_text(page, encoding="utf-8")
    return list(packages)


def _write_gallery(source, lessons):
    """Every figure to drag as a still picture, with its words and the lesson it is from."""
    (source / "gallery").mkdir()
    parts = [
        "# Gallery\n\nEvery figure that can be dragged, as a still picture. In a lesson it moves."
    ]
    for lesson in lessons:
        for number, (picture, words) in enumerate(_stills(source, lesson), 1):
            name = f"gallery/{lesson}_{number}.png"
            (source / name).write_bytes(base64.b64decode(picture))
            title = _title(source / "notebooks" / f"{lesson}.ipynb")
            parts.append(f"## {title}: {number}\n\n![{words}]({name})\n\n{words}")
            parts.append(f"From [{title}](notebooks/{lesson}.ipynb).")
    (source / "gallery.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _cells(source, lesson):
    text = (source / "notebooks" / f"{lesson}.ipynb").read_text(encoding="utf-8")
    return json.loads(text)["cells"]


def _stills(source, lesson):
    """The picture and the words of each figure to drag in a lesson."""
    for cell in _cells(source, lesson):
        if cell["cell_type"] != "code" or not TO_DRAG.search("".join(cell["source"])):
            continue
        for data in (output.get("data", {}) for output in cell["outputs"]):
            if "image/png" in data:
                words = " ".join("".join(data.get("text/plain", "A figure.")).split())
                yield "".join(data["image/png"]), re.sub(r"([\[\]*_|$<>\\])", r"\\\1", words)


def _title(path):
    cell = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
    return TITLE.search("".join(cell["source"]))[1].strip()


def _write_glossary(source, lesson):
    """The glossary as a page of its own: a section of a lesson, where else it is read."""
    texts = ["".join(cell["source"]) for cell in _cells(source, lesson)]
    found = [text[text.index("## Glossary") :] for text in texts if "## Glossary" in text]
    section = found[0] if found else f"## Glossary\n\nSee [{lesson}](notebooks/{lesson}.ipynb)."
    text = re.split(r"\n## ", section.removeprefix("## "))[0]
    text = re.sub(r"\]\(([\w.]+\.ipynb)", r"](notebooks/\1", text)
    (source / "glossary.md").write_text(f"# {text}\n", encoding="utf-8")


def _index(lessons, modules):
    course = [name for name in lessons if name[0].isdigit() or name.startswith("A_")]
    others = [name for name in lessons if name not in course]
    trees = {
        "The course": [f"notebooks/{name}" for name in course],
        "To look up": [*(f"notebooks/{name}" for name in others), "gallery", "glossary"],
        "To teach": ["docs/TEACHING", "docs/HUB"],
        "The package": ["README", "docs/litmus", "docs/CONTRIBUTING", "CHANGELOG"],
        "Reference": [f"reference/{name}" for name in modules],
    }
    return HEAD + "\n".join(_tree(caption, pages) for caption, pages in trees.items())


HEAD = """\
# lmteach

Learn the **Levenberg-Marquardt algorithm** for neural networks by deriving it, having every line
checked, and running it trial by trial. On this site the lessons are read; on your computer they
run: see [README](README.md). [Start here](notebooks/00_start_here.ipynb), take the whole derivation
[on one page](notebooks/A_derivation_on_one_page.ipynb), look at the [gallery](gallery.md), or
[teach from it](docs/TEACHING.md).

![Three paths from one start on the contours of Rosenbrock's function: gradient descent creeps along
the valley, Gauss-Newton leaps far out of it and back, Levenberg-Marquardt follows it to the
minimum.](notebooks/pictures/three_ways_down.png)

"""


def _tree(caption, pages):
    return "\n".join(
        ["```{toctree}", ":maxdepth: 1", f":caption: {caption}", "", *pages, "```", ""]
    )


if __name__ == "__main__":
    sys.exit(main())
