"""Writes short stories of the generated world: a plot of beats, each a template filled from one consistent scene."""

from collections.abc import Callable, Iterator
from random import Random

from engine.world import beats, lexicon, names
from engine.world.names import skewed

Scene = dict[str, str]
_PARAGRAPH_SHARE = 0.2
_SECOND_SENTENCE_SHARE = 0.35
_SINGLE_BEATS = (beats.OPENINGS, beats.CLOSINGS)


def _pronouns(*, female: bool) -> tuple[str, str, str]:
    return ("she", "her", "her") if female else ("he", "him", "his")


def _people(rng: Random) -> Scene:
    female, female2 = rng.random() < 0.5, rng.random() < 0.5
    they, them, their = _pronouns(female=female)
    hero, friend, friend2 = _distinct(
        lambda: names.person(rng, female=female), lambda: names.person(rng, female=rng.random() < 0.5),
        lambda: names.person(rng, female=female2),
    )  # fmt: skip
    return {
        "hero": hero, "friend": friend, "friend2": friend2, "they": they, "them": them, "their": their,
        "They": they.capitalize(), "Their": their.capitalize(), "their_cap": their.capitalize(),
        "they2": _pronouns(female=female2)[0],
    }  # fmt: skip


def _distinct(*draws: Callable[[], str]) -> list[str]:
    """Draw one value from each of `draws`, again until it differs from those before."""
    values: list[str] = []
    for draw in draws:
        value = draw()
        while value in values:
            value = draw()
        values.append(value)
    return values


def _places(rng: Random) -> Scene:
    town, other = _distinct(lambda: names.place(rng), lambda: names.place(rng))
    river, river2 = _distinct(lambda: names.river(rng), lambda: names.river(rng))
    return {
        "town": town, "other": other, "other_cap": other, "river": river, "river2": river2, "ship": names.ship(rng),
    }  # fmt: skip


def _trades(rng: Random) -> Scene:
    trade, trade2 = rng.sample(lexicon.TRADES, 2)
    weather = rng.choice(lexicon.WEATHERS)
    return {
        **trade._asdict(), "title2": trade2.title, "guild": f"guild of {_plural(trade2.title)}",
        "guild2": f"{_plural(rng.choice(lexicon.TRADES).title)}",
        "weather_opens": weather.opens, "weather_opens_cap": weather.opens[0].upper() + weather.opens[1:],
        "weather_holds": weather.holds, "weather_holds_clause": weather.holds, "weather_ends": weather.ends,
        "weather_ends_cap": weather.ends[0].upper() + weather.ends[1:],
    }  # fmt: skip


def _plural(title: str) -> str:
    return f"{title}s"


def _things(rng: Random) -> Scene:
    count, count2 = rng.sample(lexicon.COUNTS, 2)
    keepsake, keepsake2 = rng.sample(lexicon.KEEPSAKES, 2)
    season, season2 = rng.sample(lexicon.SEASONS, 2)
    return {
        "goods": rng.choice(lexicon.GOODS), "count": count, "count2": count2, "keepsake": keepsake,
        "keepsake2": keepsake2, "season": season, "season2": season2, "kin": rng.choice(lexicon.KIN),
        "mood": rng.choice(lexicon.MOODS),
    }  # fmt: skip


def _words_of_sentence(rng: Random) -> Scene:
    """The words drawn anew for each sentence."""
    return {
        "manner": skewed(rng, lexicon.MANNERS), "hour": skewed(rng, lexicon.HOURS), "day": skewed(rng, lexicon.DAYS),
        "dish": skewed(rng, lexicon.DISHES), "tune": skewed(rng, lexicon.TUNES), "days": skewed(rng, lexicon.COUNTS),
        "years": skewed(rng, lexicon.COUNTS),
    }  # fmt: skip


def story(rng: Random) -> str:
    """Write one story of about 100 to 250 words, consistent in its names and things."""
    return "".join(piece for sentence in sentences(rng) for piece in (sentence, _gap(rng)))[:-1]


def sentences(rng: Random) -> list[str]:
    """Write the sentences of one story; some elements hold two sentences."""
    scene = {**_people(rng), **_places(rng), **_trades(rng), **_things(rng)}
    plot = rng.choice(beats.PLOTS)
    return [
        template.format_map({**scene, **_words_of_sentence(rng)}) for beat in plot for template in _templates(rng, beat)
    ]


def _templates(rng: Random, beat: tuple[str, ...]) -> list[str]:
    """Draw one template of the beat, sometimes two different ones; only one where the beat opens or closes a story."""
    first = skewed(rng, beat, bias=1.3)
    if beat in _SINGLE_BEATS or rng.random() > _SECOND_SENTENCE_SHARE:
        return [first]
    return [first, rng.choice([template for template in beat if template != first])]


def _gap(rng: Random) -> str:
    return "\n" if rng.random() < _PARAGRAPH_SHARE else " "


def stories(seed: int) -> Iterator[str]:
    """Yield endless stories, the same ones for the same seed."""
    rng = Random(seed)
    while True:
        yield story(rng)
