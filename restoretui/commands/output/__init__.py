"""What a command says: the only writer of stdout, and words for people on stderr."""

from restoretui.commands.form import LINES, TABLE, Form
from restoretui.commands.output.output import Output, Seen
from restoretui.commands.output.plan_words import offer_text, together_text

__all__ = ["LINES", "TABLE", "Form", "Output", "Seen", "offer_text", "together_text"]
