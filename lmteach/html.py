"""Tables for the notebook."""

from html import escape


def html_table(head, rows):
    """Return an HTML table; a row that is None stands for rows left out."""
    titles = "".join(f"<th>{escape(str(title))}</th>" for title in head)
    body = "".join(_row(row, len(head)) for row in rows)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def _row(row, n):
    if row is None:
        return f'<tr><td colspan="{n}">…</td></tr>'
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>"
