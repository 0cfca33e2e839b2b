"""What is wrong with a cloud's own configuration file, told by its line: duplicates, byte order marks, no INI.

The files are AWS's ``config`` and ``credentials`` and ossutil's, which are written by hand and by many programs.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from restoretui.core.os_errors import WITHOUT_MARK, byte_order_mark

_SECTION = re.compile(r"\s*\[(?P<name>[^\]]+)\]")


def aws_files(env: Mapping[str, str]) -> list[Path]:
    """The files that AWS's SDKs and CLI read, whether they are there or not."""
    config = env.get("AWS_CONFIG_FILE") or "~/.aws/config"
    credentials = env.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    return [Path(config).expanduser(), Path(credentials).expanduser()]


def fault_in(path: Path, content: bytes) -> tuple[str, str]:
    """What keeps an INI file from being read, with its line, and what mends it; two empty texts for nothing."""
    if mark := byte_order_mark(content):
        return f"{path} cannot be read: line 1: the file begins with a byte order mark ({mark})", WITHOUT_MARK
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"{path} cannot be read: line {line}: this is not UTF-8", "save the file as UTF-8"
    import configparser  # not without a fault

    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(text)
    except configparser.DuplicateSectionError as error:
        first = _line_of(text, error.section)
        what = f"[{error.section}] stands there a second time, the first time in line {first}"
        return f"{path} cannot be read: line {error.lineno}: {what}", "make one section of the two"
    except configparser.DuplicateOptionError as error:
        what = f"{error.option!r} is set a second time in [{error.section}]"
        return f"{path} cannot be read: line {error.lineno}: {what}", "leave one of the two"
    except configparser.MissingSectionHeaderError as error:
        return (
            f"{path} cannot be read: line {error.lineno}: a setting stands before the first [section]",
            "put it below one",
        )
    except configparser.ParsingError as error:
        line = error.errors[0][0] if error.errors else 1
        return f"{path} cannot be read: line {line}: this is neither a [section] nor NAME = VALUE", "mend that line"
    except configparser.Error as error:
        return f"{path} cannot be read: {error}", "mend it"
    return "", ""


def _line_of(text: str, section: str) -> int:
    for number, line in enumerate(text.splitlines(), 1):
        found = _SECTION.match(line)
        if found and found["name"] == section:
            return number
    return 1
