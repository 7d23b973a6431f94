"""What keeps foreign text from steering the terminal: a console, a line and a JSON object that show it as such."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from engine.machine.valid_text import readable
from engine.reports import shown_text

_LONGEST_LINE, _KEPT_AT_ENDS = 1_000, 480
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
    """A message as one line; of a very long one the middle is left out, since the way out stands at its end."""
    words = " ".join(text.split())
    if len(words) > _LONGEST_LINE:
        words = f"{words[:_KEPT_AT_ENDS]} … {words[-_KEPT_AT_ENDS:]}"
    return shown_text.one_line(words, longest=_LONGEST_LINE)


def json_line(fields: Mapping[str, object]) -> str:
    """An object as one line of JSON; what a terminal would obey or hide is escaped, which means the same."""
    try:
        encoded = msgspec.json.encode(fields)
    except UnicodeEncodeError:  # the name of a file that is no text
        encoded = msgspec.json.encode(readable(msgspec.to_builtins(fields)))
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", encoded.decode())
