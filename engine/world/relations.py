"""The table of relations: which kinds each connects, and how it is stated and asked about.

Slots: {s} is the subject's label, {v} the value's. The first statement of a relation is its plain wording, used in
rationales and claims. `phrase` names the value by its subject, for questions over two facts; `earlier` asks which of
two subjects, {a} or {b}, has the earlier year."""

from typing import Literal, NamedTuple, TypeAlias

from engine.world import lexicon
from engine.world.open_names import Kind

ValueKind: TypeAlias = Kind | Literal["year", "miles", "trade", "goods"]
TRADES = tuple(trade.title for trade in lexicon.TRADES)
WARES = (
    "salt", "wool", "honey", "glass", "rope", "cider", "wax", "eels", "barley", "candles", "apples", "copper",
    "sailcloth", "lanterns", "kettles", "blankets",
)  # fmt: skip


class Relation(NamedTuple):
    """One relation between a kind of subject and a kind of value."""

    name: str
    subject: Kind
    value: ValueKind
    statements: tuple[str, ...]
    questions: tuple[str, ...]
    phrase: str = ""
    earlier: str = ""
    changes: bool = False


def _founding(subject: Kind) -> Relation:
    return Relation(
        f"{subject}_founded", subject, "year",
        ("{s} was founded in {v}.", "{s} has stood since {v}.", "The founding of {s} was in {v}."),
        ("When was {s} founded?", "In which year was {s} founded?"),
        earlier="Which was founded earlier, {a} or {b}?",
    )  # fmt: skip


RELATIONS = (
    Relation(
        "born_in", "person", "place",
        ("{s} was born in {v}.", "{s} comes from {v}.", "The birthplace of {s} is {v}."),
        ("Where was {s} born?", "In which place was {s} born?"), "the birthplace of {s}",
    ),
    Relation(
        "birth", "person", "year",
        ("{s} was born in the year {v}.", "{s} has lived since {v}.", "The birth of {s} was in {v}."),
        ("When was {s} born?", "In which year was {s} born?"), earlier="Who was born earlier, {a} or {b}?",
    ),
    Relation(
        "trade", "person", "trade",
        ("{s} works as a {v}.", "{s} is a {v} by trade.", "{s} lives from the work of a {v}."),
        ("What is the trade of {s}?", "What does {s} work as?"),
    ),
    Relation(
        "member", "person", "guild",
        ("{s} belongs to {v}.", "{s} is a member of {v}.", "{s} was admitted to {v}."),
        ("Which guild does {s} belong to?", "What is the guild of {s}?"), "the guild of {s}",
    ),
    Relation(
        "teacher", "person", "person",
        ("{s} was taught by {v}.", "{s} learned everything from {v}.", "The teacher of {s} was {v}."),
        ("Who taught {s}?", "Who was the teacher of {s}?"), "the teacher of {s}",
    ),
    Relation(
        "on_river", "place", "river",
        ("{s} lies on {v}.", "{s} stands beside {v}.", "The river of {s} is {v}."),
        ("On which river does {s} lie?", "What is the river of {s}?"), "the river of {s}",
    ),
    _founding("place"),
    Relation(
        "known_for", "place", "goods",
        ("{s} is known for its {v}.", "{s} sells {v}.", "The pride of {s} is its {v}."),
        ("What is {s} known for?", "What does {s} sell?"),
    ),
    Relation(
        "seat", "guild", "place",
        ("{s} has its seat in {v}.", "{s} meets in {v}.", "The hall of {s} is in {v}."),
        ("Where is the seat of {s}?", "Where does {s} meet?"), "the seat of {s}",
    ),
    _founding("guild"),
    Relation(
        "master", "guild", "person",
        ("{s} is led by {v}.", "The master of {s} is {v}.", "{s} obeys {v}."),
        ("Who leads {s}?", "Who is the master of {s}?"), "the master of {s}", changes=True,
    ),
    Relation(
        "built_in", "ship", "place",
        ("{s} was built in {v}.", "{s} came from the yard of {v}.", "The yard of {s} was in {v}."),
        ("Where was {s} built?", "In which place was {s} built?"), "the place where {s} was built",
    ),
    Relation(
        "launched", "ship", "year",
        ("{s} was launched in {v}.", "{s} has sailed since {v}.", "The first voyage of {s} was in {v}."),
        ("When was {s} launched?", "In which year was {s} launched?"),
        earlier="Which was launched earlier, {a} or {b}?",
    ),
    Relation(
        "captain", "ship", "person",
        ("The captain of {s} is {v}.", "{s} is commanded by {v}.", "{s} sails under {v}."),
        ("Who is the captain of {s}?", "Who commands {s}?"), "the captain of {s}", changes=True,
    ),
    Relation(
        "mapped_by", "river", "person",
        ("{s} was first mapped by {v}.", "{s} was drawn on a map by {v}.", "The first map of {s} was made by {v}."),
        ("Who mapped {s}?", "Who made the first map of {s}?"), "the mapmaker of {s}",
    ),
    Relation(
        "length", "river", "miles",
        ("{s} is {v} miles long.", "{s} runs for {v} miles.", "The length of {s} is {v} miles."),
        ("How many miles long is {s}?", "What is the length of {s} in miles?"),
    ),
    Relation(
        "inventor", "invention", "person",
        ("{s} was invented by {v}.", "{s} is the work of {v}.", "The inventor of {s} was {v}."),
        ("Who invented {s}?", "Who was the inventor of {s}?"), "the inventor of {s}",
    ),
    Relation(
        "invented", "invention", "year",
        ("{s} was invented in {v}.", "{s} has been known since {v}.", "The invention of {s} was in {v}."),
        ("When was {s} invented?", "In which year was {s} invented?"),
        earlier="Which was invented earlier, {a} or {b}?",
    ),
    Relation(
        "used_in", "invention", "place",
        ("{s} was first used in {v}.", "{s} was first tried in {v}.", "The first use of {s} was in {v}."),
        ("Where was {s} first used?", "In which place was {s} first used?"), "the place where {s} was first used",
    ),
    Relation(
        "held_in", "event", "place",
        ("{s} took place in {v}.", "{s} happened in {v}.", "The place of {s} was {v}."),
        ("Where did {s} take place?", "In which place was {s}?"), "the place of {s}",
    ),
    Relation(
        "held", "event", "year",
        ("{s} was in the year {v}.", "{s} is dated to {v}.", "The date of {s} is {v}."),
        ("When was {s}?", "In which year was {s}?"), earlier="Which was earlier, {a} or {b}?",
    ),
    Relation(
        "led_by", "event", "person",
        ("{s} was ordered by {v}.", "{s} was the doing of {v}.", "The one behind {s} was {v}."),
        ("Who ordered {s}?", "Who was behind {s}?"), "the one behind {s}",
    ),
)  # fmt: skip
_BY_SUBJECT: dict[Kind, tuple[Relation, ...]] = {
    relation.subject: tuple(other for other in RELATIONS if other.subject == relation.subject) for relation in RELATIONS
}


def relations_of(kind: Kind) -> tuple[Relation, ...]:
    """The relations that a kind of subject has."""
    return _BY_SUBJECT[kind]
