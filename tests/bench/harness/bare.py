"""The least a Textual app can be: what every start is held against."""

from textual.app import App, ComposeResult
from textual.widgets import Footer, Static


class Bare(App[None]):
    """One line and a footer."""

    def compose(self) -> ComposeResult:
        yield Static("painted")
        yield Footer()


if __name__ == "__main__":
    Bare().run()
