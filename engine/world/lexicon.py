"""The world's vocabulary: trades, goods, weather, keepsakes and small words."""

from typing import NamedTuple


class Trade(NamedTuple):
    """A person's work and the things that belong to it."""

    title: str
    tool: str
    workshop: str
    product: str


class Weather(NamedTuple):
    """One kind of weather, as it is named at the start, in the middle and at the end of a story."""

    noun: str
    opens: str
    holds: str
    ends: str


TRADES = (
    Trade("harbour master", "spyglass", "harbour office", "tide table"),
    Trade("lamplighter", "long pole", "oil store", "row of lamps"),
    Trade("mapmaker", "compass", "map room", "chart of the coast"),
    Trade("cooper", "adze", "cooperage", "oak barrel"),
    Trade("clockmaker", "small file", "clock shop", "brass clock"),
    Trade("ferry keeper", "oar", "ferry house", "flat-bottomed boat"),
    Trade("bell founder", "ladle", "foundry", "bronze bell"),
    Trade("net maker", "wooden needle", "net loft", "herring net"),
    Trade("salt merchant", "pair of scales", "salt house", "block of grey salt"),
    Trade("weaver", "shuttle", "weaving shed", "length of blue cloth"),
    Trade("glassblower", "iron pipe", "glass house", "green bottle"),
    Trade("beekeeper", "straw veil", "honey barn", "wheel of wax"),
    Trade("bookbinder", "bone folder", "bindery", "leather ledger"),
    Trade("stonemason", "mallet", "mason's yard", "carved step"),
)
WEATHERS = (
    Weather("fog", "a thick fog lay on the water", "the fog would not lift", "the fog had gone back out to sea"),
    Weather("rain", "a thin rain was falling", "the rain came down harder", "the rain had stopped at last"),
    Weather("wind", "a hard wind blew from the north", "the wind tore at every shutter", "the wind had died away"),
    Weather("snow", "the first snow had come early", "the snow covered every roof", "the snow had begun to melt"),
    Weather("heat", "the air was hot and still", "the heat made everyone slow", "a cool breeze came in at last"),
    Weather("frost", "a white frost lay on the stones", "the frost would not give way", "the frost was only a memory"),
)
GOODS = (
    "lanterns", "barrels of salt", "bolts of sailcloth", "crates of apples", "coils of rope", "sacks of barley",
    "jars of honey", "baskets of eels", "bundles of candles", "casks of cider", "copper kettles", "wool blankets",
)  # fmt: skip
COUNTS = (
    "three", "seven", "twelve", "nine", "five", "twenty", "forty", "six", "eleven", "four", "thirty", "eight",
)  # fmt: skip
KEEPSAKES = (
    "brass key", "silver whistle", "blue ledger", "glass bead", "wooden box", "red scarf", "bone comb", "iron ring",
    "folded letter", "cracked bell", "small mirror", "leather purse",
)  # fmt: skip
SEASONS = ("autumn", "spring", "winter", "summer")
HOURS = ("dawn", "noon", "dusk", "first light", "sunset", "midnight")
DAYS = ("Monday", "Friday", "Tuesday", "Sunday", "Thursday", "Saturday")
KIN = ("sister", "brother", "cousin", "aunt", "uncle", "neighbour", "old teacher")
MOODS = ("patient", "stubborn", "quiet", "cheerful", "careful", "proud", "gentle", "restless")
MANNERS = ("slowly", "quietly", "carefully", "gladly", "without a word", "at once", "in the end", "with a smile")
DISHES = ("fish soup", "barley bread", "roast onions", "honey cakes", "smoked eel", "apple pie")
TUNES = ("the rowing song", "an old ballad", "the hymn of the tides", "a harvest tune", "the song of the two brothers")
