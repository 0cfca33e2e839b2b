"""What `restoretui --help` says first; what stands below a mark keeps its lines, folded into the width."""

from restoretui.core.filter.fields import FIELDS

WIDTH = 80
"""Columns of help, on whatever terminal."""
HELP = """See, plan, send and watch restores of archived objects.

\b
LOCATION, without which the screens begin with the buckets; oss:// alike:
  s3://bucket                    all of the bucket
  s3://bucket/prefix/            all below the prefix
  s3://bucket/key                that object
  s3://bucket/part*              keys that begin so
  s3://bucket/key?versionId=ID   that version; without an ID the object of that very key, also one that ends in / or *
  @NAME                          a set of objects: see restoretui set
  s3+PROFILE://…                 as that profile, for this location alone
  NAME:… NAME:prefix/            a place of the config's [places]

RUN is a number that `restoretui status` shows, or last.
Options of the screens, and of every command: restoretui ls --help shows them
below its own; they may stand before the command.

Exit codes: 0 done · 1 some failed or were refused · 2 usage · 3 timed out ·
4 credentials or permission · 5 stopped by a guard · 130 interrupted
"""
FIELDS_HELP = "\b\n" + "\n".join((
    "FILTER, all parts must match:",
    '  clip *.mov !*.bai "as is"  part of a key, glob, not, text with its case',
    "  a | b   (a | b) c          or, brackets",
    *(f"  {field.example:<25}  {field.meaning}" for field in FIELDS.values()),
))  # fmt: skip
"""Below the options of commands that take one."""
