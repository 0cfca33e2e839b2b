"""Settings out of a config file's text, flags and an environment, of a folder of the test's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from restoretui.config.loading import load_settings
from restoretui.config.settings import Settings

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(text: str = "", flags: dict[str, Any] | None = None, **environment: str) -> Settings:
        (tmp_path / "config.toml").write_text(text)
        env = {"AWS_CONFIG_FILE": str(tmp_path / "aws"), **environment, "RESTORETUI_CONFIG": str(tmp_path)}
        return load_settings(flags or {}, env)

    return read
