"""How much is kept of listings is said in the config, with units, and what cannot be meant is refused."""

from pathlib import Path

import pytest

from restoretui.config.loading import load_settings
from restoretui.core.errors import UsageError


def test_amounts_are_taken(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("listings_max_gib = 0.5\nlistings_max_days = 7\n")
    settings = load_settings({"config": str(tmp_path)}, {})
    assert (settings.listings_max_gib, settings.listings_max_days) == (0.5, 7.0)


@pytest.mark.parametrize("name", ["listings_max_gib", "listings_max_days"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e12", "true", '"2 GiB"'])
def test_what_cannot_be_meant_is_refused(tmp_path: Path, name: str, value: str) -> None:
    (tmp_path / "config.toml").write_text(f"{name} = {value}\n")
    with pytest.raises(UsageError, match=f"{name} must be a number above 0, from"):
        load_settings({"config": str(tmp_path)}, {})
