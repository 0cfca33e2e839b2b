"""Where the config is: a folder, a file, or a pipe, which is read but once and beside which nothing lies."""

import os
import threading
from pathlib import Path

import pytest

from restoretui.config.loading import load_settings, read_places
from restoretui.config.settings import usual_folder

TEXT = 'rate = 77\n[places.films]\nlocation = "s3://acme-films"\n'


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize("name", ["config.toml", "mine.toml", "mine"])
def test_a_file_or_its_folder_can_be_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(TEXT)
    settings = load_settings({"config": str(tmp_path / name)}, {})
    assert (settings.rate, settings.config_dir) == (77, tmp_path)
    assert load_settings({}, {"RESTORETUI_CONFIG": str(tmp_path)}).config_dir == tmp_path


@pytest.mark.parametrize("flags", [True, False])
def test_a_pipe_is_a_file_that_is_read_once(pipe: Path, flags: bool) -> None:
    said: dict[str, str]
    said, env = ({"config": str(pipe)}, {}) if flags else ({}, {"RESTORETUI_CONFIG": str(pipe)})
    writing = threading.Thread(target=pipe.write_text, args=(TEXT,))
    writing.start()
    assert list(read_places(said, env)) == ["films"]
    writing.join()
    settings = load_settings(said, env)
    assert (settings.rate, settings.sources["rate"]) == (77, str(pipe))
    assert settings.config_dir == usual_folder("config")
    assert load_settings(said, env).rate == 77


def test_what_came_by_another_pipe_is_not_taken_for_it(tmp_path: Path) -> None:
    for rate in (5, 6):
        read, write = os.pipe()
        os.write(write, f"rate = {rate}".encode())
        os.close(write)
        assert load_settings({"config": f"/dev/fd/{read}"}, {}).rate == rate
        os.close(read)
