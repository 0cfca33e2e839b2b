"""Keys become names that lead nowhere else, and can be turned back."""

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from restoretui.core.then.names import LONGEST_NAME, apart, folded, key_of, safe_path

KEYS = st.text(st.characters(), min_size=1, max_size=300)


@given(KEYS, st.booleans())
def test_no_key_leads_out_of_the_folder_or_names_what_no_file_system_takes(key: str, windows: bool) -> None:
    names = safe_path(key, windows=windows)
    assert len(names) == key.count("/") + 1
    for name in names:
        assert name not in ("", ".", "..")
        assert not set(name) & {"/", "\0", "\\", "\n", "\x1b", "\u202e"}
        assert len(name.encode()) <= LONGEST_NAME
        if windows:
            assert not set(name) & set('<>:"|?*')
            assert name[-1] not in " ."
    assert not PurePosixPath(*names).is_absolute()


@given(KEYS, st.booleans())
def test_a_name_tells_its_key_unless_the_list_does(key: str, windows: bool) -> None:
    path = "/".join(safe_path(key, windows=windows))
    assert key_of(path) in (key, None)
    if all(len(name.encode("utf-8", "surrogatepass")) < 60 for name in key.split("/")):
        assert key_of(path) == key


@given(KEYS, KEYS)
def test_two_keys_never_have_one_path(one: str, other: str) -> None:
    if one != other:
        assert safe_path(one) != safe_path(other)


@given(st.text(min_size=1, max_size=80))
def test_what_is_told_apart_has_another_name(key: str) -> None:
    name = safe_path(key)[-1]
    assert folded(apart(name, key)) != folded(name)
    assert len(apart(name, key).encode()) <= LONGEST_NAME


def test_what_is_plain_stays_as_it_is() -> None:
    assert "/".join(safe_path("2024/Über uns/a:b (1).tif", windows=False)) == "2024/Über uns/a:b (1).tif"
    assert folded("A\u0301.txt") == folded("á.TXT")
