"""A page as Markdown, as GitHub and GitLab read it. No text of it can become a heading, a link or a tag."""

import re

from restoretui.reports.pages import Lines, ReportPage, Section, Table
from restoretui.wording.safe import clean

_ACTS = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~&:@.])")
"""What some reader of Markdown makes something of: emphasis, links, mentions, tables, tags, lists."""
_PLAIN = re.compile(r"(?<=\w)\\([.:\-])(?=[\w ]|$)|\\([():])(?= |$)|(?<= )\\([(])")
"""Of them, those that act at the beginning of a line or of a URL alone, and would make numbers hard to read."""


def markdown(page: ReportPage) -> str:
    """The whole document."""
    parts = [f"# {text(page.title)}", text(page.lead), *(part for one in page.sections for part in _section(one))]
    return "\n\n".join(parts) + "\n"


def text(value: str) -> str:
    """In one line, with nothing in it that acts."""
    escaped = _ACTS.sub(r"\\\1", clean(value))
    # Addresses would be linked by themselves: there colons and points stay escaped.
    if "/" in value or "@" in value or "www" in value.lower():
        return escaped
    return _PLAIN.sub(lambda found: "".join(filter(None, found.groups())), escaped)


def _section(section: Section) -> list[str]:
    parts = [f"## {text(section.title)}"]
    parts += [text(section.remark)] if section.remark else []
    if section.facts:
        parts.append("\n".join(f"- **{text(name)}**: {text(value)}" for name, value in section.facts))
    parts += [_table(table) for table in section.tables]
    return [*parts, *(part for lines in section.lines for part in _lines(lines))]


def _table(table: Table) -> str:
    rows = [table.heads, ["---"] * len(table.heads)]
    body = ["| " + " | ".join(map(text, row)) + " |" for row in table.rows]
    return "\n".join(["| " + " | ".join(rows[0]) + " |", "|" + "|".join(rows[1]) + "|", *body])


def _lines(lines: Lines) -> list[str]:
    body = "\n".join(clean(line) for line in lines.text.split("\n"))
    longest = max((len(found) for found in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    title = f"**{text(lines.title)}**" if lines.title else ""
    said = ": ".join(part for part in (title, text(lines.remark) if lines.remark else "") if part)
    return [*([said] if said else []), f"{fence}\n{body}\n{fence}"]
