"""What is copied is one word of a shell, and no terminal acts on it."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restoretui.wording.safe import clean
from restoretui.wording.shell import shell_word, unquoted

KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
NASTY = [
    "", "a b", "it's", "'", "''", "a'b'c", "$(touch x)", "`id`", "a\nrm -rf .\n", "\x1b]52;c;aGk=\x07", "\x9b2J",
    "a\\b", "\\n", "\u202egpj.exe", "a\u200bb", "~", "#x", "!!", "*?[]", "tab\there", "\r", "\x7f",
    "na\u00efve", "\u65e5\u672c/\u8a9e.txt", "e\u0301", "\u00a0",
    "-rf", "=x", "%1", "\\'", "$'x'", "a\\012b", "0\n1", "\x017",
]  # fmt: skip


def of_shell(shell: str, words: list[str]) -> list[str]:
    script = "".join(f"printf '%s\\0' {shell_word(word)}\n" for word in words)
    done = subprocess.run([shell], input=script.encode(), capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return [part.decode() for part in done.stdout.split(b"\0")[:-1]]


@pytest.mark.parametrize("shell", ["bash", "zsh", "ksh"])
def test_a_shell_makes_the_same_text_of_it(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    assert of_shell(shell, NASTY) == NASTY


@settings(max_examples=20, deadline=None)
@given(st.lists(KEYS, min_size=1, max_size=40))
def test_a_shell_makes_the_same_text_of_any_key(keys: list[str]) -> None:
    assert of_shell("bash", keys) == keys


@given(st.text(max_size=40))
def test_nothing_in_it_is_obeyed_or_hidden_and_it_reads_back(text: str) -> None:
    word = shell_word(text)
    assert clean(word) == word
    assert "\n" not in word
    word.encode()
    assert unquoted(word) == text or word == text
    if word != text:
        assert unquoted(word) == text


@pytest.mark.parametrize(
    "text", ["s3://bucket/a/b=c/x.bam", "s3://b/k+k@1,2:3_%.txt", "oss://b/\u65e5\u672c.txt", "a-b"]
)
def test_what_nothing_acts_on_is_left_as_it_is(text: str) -> None:
    assert shell_word(text) == text


def test_control_characters_are_octal_bytes() -> None:
    assert shell_word("a\x1b[2J\nb") == r"$'a\033[2J\nb'"
    assert shell_word("\u202e") == r"$'\342\200\256'"
    assert shell_word("it's") == r"'it'\''s'"
