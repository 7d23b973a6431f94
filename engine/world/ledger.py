"""Writes ledgers of the generated harbours: text unlike the stories, for a drafter that is meant to guess wrong."""

from random import Random

from engine.world import lexicon, names

_ENTRIES = (
    "Paid to {who} for {n} {goods}: {m} silver.",
    "Received from {where}: {n} {goods}, {m} of them broken.",
    "Owed by the {title} {who}: {m} silver since {day}.",
    "Item: one {tool}, mended, {m} silver.",
    "Stock at {hour}: {n} {goods} and {m} {other}.",
    "Sold to the {title} of {where}: {n} {goods}.",
    "Carried over: {m} silver.",
)


def ledger(rng: Random) -> str:
    """Write one page of accounts, of eight to twenty entries."""
    lines = [f"Accounts of {names.place(rng)}, {rng.choice(lexicon.DAYS)}."]
    return "\n".join([*lines, *(_entry(rng) for _ in range(rng.randint(8, 20)))])


def _entry(rng: Random) -> str:
    goods, other = rng.sample(lexicon.GOODS, 2)
    trade = rng.choice(lexicon.TRADES)
    return rng.choice(_ENTRIES).format(
        who=names.person(rng, female=rng.random() < 0.5), where=names.place(rng), n=rng.choice(lexicon.COUNTS),
        m=rng.randint(2, 90), goods=goods, other=other, title=trade.title, tool=trade.tool,
        day=rng.choice(lexicon.DAYS), hour=rng.choice(lexicon.HOURS),
    )  # fmt: skip
