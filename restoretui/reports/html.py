"""A page as one HTML file: nothing is loaded from anywhere, nothing in it runs, and no key becomes a tag."""

from html import escape

from restoretui.reports.pages import Lines, ReportPage, Section, Table
from restoretui.wording.safe import clean

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Should a text get through all the same, no browser runs or loads anything for it."""
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; border-bottom: 1px solid #8888; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; }
dt { opacity: .7; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { text-align: left; padding: .2rem 1.2rem .2rem 0; }
th { opacity: .7; font-weight: normal; border-bottom: 1px solid #8888; } td { overflow-wrap: anywhere; }
pre { background: #8882; padding: .6rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; } p { margin: .3rem 0; }
@media print { body { margin: 0; max-width: none; } }
"""


def html(page: ReportPage) -> str:
    """The whole document."""
    body = "\n".join(_section(section) for section in page.sections)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{text(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{text(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{text(page.title)}</h1>\n<p>{text(page.lead)}</p>\n{body}\n</body>\n</html>\n"
    )


def text(value: str) -> str:
    """With nothing in it that acts, in a tag or between quotes."""
    return escape(clean(value), quote=True)


def _section(section: Section) -> str:
    parts = [f"<h2>{text(section.title)}</h2>"]
    parts += [f"<p>{text(section.remark)}</p>"] if section.remark else []
    if section.facts:
        facts = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>\n" for name, value in section.facts)
        parts.append(f"<dl>\n{facts}</dl>")
    parts += [_table(table) for table in section.tables]
    return "\n".join([*parts, *map(_lines, section.lines)])


def _table(table: Table) -> str:
    heads = "".join(f"<th>{text(head)}</th>" for head in table.heads)
    rows = "".join("<tr>" + "".join(f"<td>{text(cell)}</td>" for cell in row) + "</tr>\n" for row in table.rows)
    return f"<table>\n<tr>{heads}</tr>\n{rows}</table>"


def _lines(lines: Lines) -> str:
    title = f"<h3>{text(lines.title)}</h3>\n" if lines.title else ""
    remark = f"<p>{text(lines.remark)}</p>\n" if lines.remark else ""
    body = "\n".join(text(line) for line in lines.text.split("\n"))
    return f"{title}{remark}<pre>{body}</pre>"
