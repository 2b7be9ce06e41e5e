"""What Sphinx is told. `make_site.py` puts a copy of this file beside the pages it lays out."""

import re

from docutils import nodes
from myst_nb.core.render import NbElementRenderer
from sphinx.transforms.post_transforms import SphinxPostTransform

import lmteach

project, author, version = "lmteach", "the lmteach authors", lmteach.__version__
copyright = author
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
exclude_patterns = ["_static"]
html_theme = "furo"
html_title = f"lmteach {version}"
html_static_path = ["_static"]
html_js_files = ["reachable.js"]
html_copy_source = False

nb_execution_mode = "off"  # the lessons come with their outputs
nb_render_markdown_format = "myst"  # else page B is shown as raw Markdown
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing", "myst.header", "mystnb.unknown_mime_type"]

mathjax_path = "mathjax/tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}

napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_default_options = {"exclude-members": "set"}  # of Matplotlib's, in its own markup


class NumberedEquations(SphinxPostTransform):
    r"""Sphinx wraps an equation in `split`, where no `\\tag` is allowed: write `equation*`."""

    default_priority = 900

    def run(self):
        for block in self.document.findall(nodes.math_block):
            if r"\tag" in block.astext():
                text = f"\\begin{{equation*}}{block.astext()}\\end{{equation*}}"
                block.children = [nodes.Text(text)]
                block["nowrap"] = block["no-wrap"] = True


render_image = NbElementRenderer.render_image


def render_with_words(self, data):
    """Give an output's picture its words: else a screen reader hears the name of a file."""
    found = render_image(self, data)
    if words := data.output_metadata.get(data.mime_type, {}).get("alt"):
        found[0]["alt"] = words
    return found


SPECIAL = re.compile(r"([|*`]|(?<=\w)_(?!\w))")  # what reStructuredText would take for its own
LITERAL = re.compile(r"(``[^`]*``|`[^`]*`)")


def escape(app, what, name, object, options, lines):
    """Docstrings are plain text with equations in Unicode: let |h| and r* stand as they are."""
    for number, line in enumerate(lines):
        parts = LITERAL.split(line)
        parts[::2] = [SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
        # An escaped space ends a literal before a letter, as in the plural `J`s.
        parts[1::2] = [f"``{part.strip('`')}``\\ " for part in parts[1::2]]
        lines[number] = "".join(parts)


HEADING = 'role="heading"'


def level_headings(app, pagename, templatename, context, doctree):
    """Say of what level the captions in the lists of pages are, as a screen reader wants it."""
    for part in ("body", "furo_navigation_tree"):
        if HEADING in context.get(part, ""):
            context[part] = context[part].replace(HEADING, f'{HEADING} aria-level="2"')


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", escape, priority=400)  # before napoleon reads them
    app.connect("html-page-context", level_headings, priority=900)  # after the theme's own
    NbElementRenderer.render_image = render_with_words
    app.add_post_transform(NumberedEquations)
