"""What a test knows of a value and its type does not say: asserted, so that a wrong belief fails where it is held."""

from typing import TypeVar

T = TypeVar("T")


def there(value: T | None) -> T:
    """``value``, which is not None."""
    assert value is not None
    return value


def a(kind: type[T], value: object) -> T:
    """``value``, which is a ``kind``."""
    assert isinstance(value, kind), f"{value!r} is no {kind.__name__}"
    return value
