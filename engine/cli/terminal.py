"""What keeps foreign text from steering the terminal: a console, a line and a JSON object that show it as such."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from engine.host import wire
from engine.reports import shown_text

_LONGEST_LINE = 4_000
# Valid within JSON as they are, but not shown by a terminal: C1 controls, bidirectional marks, hidden characters.
_HIDDEN = re.compile("[\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")


class SafeConsole(Console):
    """A console of rich that prints control and format characters of any text as symbols."""

    def render_str(self, text: str, **how: Any) -> Text:  # the many options of rich, passed on as they are
        """The text of a string, which is measured as it is printed."""
        return super().render_str(shown_text.printable(text), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces to print; the control codes of rich itself stay."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else shown_text.printable(text), style, control)


def line(text: str) -> str:
    """A message as one line."""
    return shown_text.one_line(" ".join(text.split()), longest=_LONGEST_LINE)


def json_line(fields: Mapping[str, object]) -> str:
    """An object as one line of JSON; what a terminal would obey or hide is escaped, which means the same."""
    try:
        encoded = msgspec.json.encode(fields)
    except UnicodeEncodeError:  # the name of a file that is no text
        encoded = msgspec.json.encode(wire.readable(msgspec.to_builtins(fields)))
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded.decode())
