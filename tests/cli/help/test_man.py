"""The manual page: all commands and options of it, in roff that renders without a warning."""

import shutil
import subprocess

import click
import pytest

from restoretui.cli.app import cli
from restoretui.cli.help.examples import leaves
from restoretui.cli.help.man import man_page, roff
from tests.cli.conftest import Run

REQUESTS = (".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".br", ".nf", ".fi", ".RS", ".RE", ".ad", ".nh")


def test_it_tells_of_every_command_and_option(run: Run) -> None:
    page = run(None, "man").out
    assert page == man_page(cli)
    assert page.startswith(".TH RESTORETUI 1 ")
    for name, command in leaves(cli):
        if not command.hidden:
            assert f'.SS "restoretui {roff(name)} ' in page
        for param in command.params:
            if isinstance(param, click.Option) and not param.hidden:
                assert any(roff(spelling) in page for spelling in param.opts), (name, param.opts)
    for section in ("NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"):
        assert f'.SH "{section}"' in page


def test_nothing_in_a_text_is_a_request_or_an_escape() -> None:
    assert roff(r"a\b -x 'y' \"z\"") == r"a\eb \-x \(aqy\(aq \e\(dqz\e\(dq"
    for line in man_page(cli).splitlines():
        assert not line.startswith("'")
        if line.startswith("."):
            assert line.split()[0] in (
                ".TH",
                ".SH",
                ".SS",
                ".PP",
                ".TP",
                ".B",
                ".br",
                ".nf",
                ".fi",
                ".RS",
                ".RE",
                ".ad",
                ".nh",
            )


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_renders_without_a_warning(width: int) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", f"-rLL={width - 2}n", "-P-cbou"], input=man_page(cli), capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "restore archived objects" in done.stdout
    if width >= 80:
        assert max(map(len, done.stdout.splitlines())) <= width


def test_what_an_option_refers_to_is_there() -> None:
    page = man_page(cli)
    assert "see below" not in page
    assert '.SH "FILTERS"' in page
    assert "size>1.5G" in page
