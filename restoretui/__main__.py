"""``python -m restoretui``."""

from restoretui.cli import main

if __name__ == "__main__":
    main()
