"""Sentence templates of the stories, one tuple per beat; `story` fills them in.

Slots in braces are keys of a `story.Scene`. Templates that come earlier in a beat are drawn more often."""

OPENINGS = (
    "The {title} of {town}, {hero}, counted the {goods} twice and wrote the number {count} in a book.",
    "In the town of {town}, where the river {river} meets the sea, there lived a {mood} {title} called {hero}.",
    "The harbour at {town} was never quiet, and {hero} the {title} liked it best at {hour}.",
    "{hero} had been the {title} of {town} for {years} years, and in all that time no one had seen {them} run.",
    "On the last {day} of {season}, a {title} named {hero} opened the door of the {workshop} and found a {keepsake} "
    "on the step.",
    "Nobody in {town} could remember a time before {hero}, the {mood} {title} who kept the {workshop} by the river {river}.",
    "When {hero} was young, {they} came down the river {river} to {town} and asked to become a {title}.",
    "Every {day} the {title} {hero} walked from the {workshop} to the harbour of {town}, carrying a {tool}.",
    "It was {hour} in {town}, and {hero} the {title} was already awake.",
    "The {goods} arrived in {town} on a {day}, and {hero} the {title} was the only one there to meet them.",
)
WEATHER_OPENS = (
    "That morning {weather_opens}, and few people were out.",
    "It was {season}, and {weather_opens}.",
    "Because {weather_opens}, the market began late.",
    "All along the quay {weather_opens}, and even the gulls kept still.",
    "{weather_opens_cap}, and the windows of the {workshop} rattled a little.",
)
ERRANDS = (
    "A letter from {other} asked for {count} {goods} before the end of {season}.",
    "The {guild} needed {count} {goods} carried to {other}, and they asked {hero} to go.",
    '"Someone must go to {other}," said {friend}, "and bring back a {product}."',
    "Word had come that {other} would pay well for {count} {goods}.",
    "{their_cap} {kin} in {other} had fallen ill, and {hero} decided to visit before {season} was over.",
)
DEPARTURES = (
    "So {hero} packed the {tool}, locked the {workshop} and went aboard the {ship}.",
    "The {ship} left with the tide, and {hero} stood at the rail until {town} was only a line of smoke.",
    "{They} borrowed a place on the {ship} and promised the captain a {product} in return.",
    "At {hour} the {ship} slipped her ropes, and {friend} waved from the wall until {they} could no longer be seen.",
    "{hero} said goodbye to {friend} {manner} and climbed down into the {ship}.",
)
PASSAGES = (
    "For {days} days they followed the coast, past the mouth of the river {river2} and the white cliffs beyond it.",
    "The crew sang {tune} to keep awake, and {hero} learned the words.",
    "On the second night the captain asked {hero} to hold the lamp while she read the chart.",
    "They ate {dish} from one pot and slept beside the {goods}.",
    "A young sailor showed {them} how to tie a knot that would never slip.",
)
TROUBLES = (
    "On the way {weather_holds}, and the captain of the {ship} lost sight of the land.",
    "Near the rocks of {other} a plank gave way, and cold water came in among the {goods}.",
    "Before long {weather_holds}, and two of the {goods} were gone by {hour}.",
    "Then the rope broke, the sail fell, and for a while nobody knew what to do.",
    "{hero} woke in the dark and heard the hull scrape over stones.",
)
HELPS = (
    "{hero} took out the {tool} and, {manner}, began to mend what could be mended.",
    "It was {friend2}, a {title2} from {other}, who threw them a line from a passing boat.",
    '"Give me the {tool}," said {hero}, and {they} worked until {their} hands were sore.',
    "An old {title2} called {friend2} lit a fire on the beach, and they steered by it.",
    "Without waiting for orders, {hero} tied the {tool} to a long rope and felt for the bottom.",
)
ARRIVALS = (
    "They came into {other} at {hour}, tired and wet, and the {guild2} gave them bread.",
    "The harbour of {other} was larger than the one at {town}, with {count2} bridges and a tower of red brick.",
    "When they reached {other}, the gates were shut, and {hero} had to knock until someone came.",
    "In {other} the streets were full, for it was {day}, the day of the great market.",
    "{other_cap} lay behind a long wall, and from it came the smell of {dish}.",
)
DEALINGS = (
    "A merchant looked at the {goods} and offered half of what they were worth, but {hero} only smiled.",
    'The {title2} {friend2} opened one of them, nodded and said, "These are as good as you promised."',
    "{They} traded the {goods} for a {product} and a purse of silver.",
    "After an hour of talk they agreed on a price, and shook hands over the {goods}.",
    "{friend2} had no money, so {they2} gave {hero} a {keepsake} instead, and it was worth more than silver.",
)
LOSSES = (
    "But when {hero} reached into {their} coat, the {keepsake} was gone.",
    "The {keepsake} that {their} {kin} had given {them} was no longer on its shelf.",
    "That same evening {hero} noticed that somebody had taken the {keepsake}.",
    "{They} had kept a {keepsake} in the {workshop} for {years} years, and now there was only dust where it had been.",
    "A small thing was missing: the {keepsake}, which {they} carried everywhere.",
)
ASKINGS = (
    'First {they} asked {friend}, who kept the shop next door. "I have not seen it," said {friend}.',
    "{They} asked at the market, at the ferry and at the hall of the {guild}, but no one could help.",
    "{friend} said that a stranger from {other} had passed the {workshop} at {hour}.",
    "The children on the quay laughed and said that gulls steal anything that shines.",
    '"When did you last have it?" asked {friend}, and {hero} could not say.',
)
CLUES = (
    "Under the window {they} found a wet footprint and a single feather.",
    "A trail of {season} mud led from the door toward the river {river}.",
    "On the wall someone had drawn a {keepsake} in chalk, with an arrow pointing to the hill.",
    "Among the {goods} lay a torn ticket for the {ship}.",
    "{friend} remembered hearing {tune} late at night, from the direction of the mill.",
)
WALKS = (
    "{hero} followed the river {river} upstream {manner}, while {weather_holds_clause}.",
    "The path climbed past {count2} old apple trees and a well with no bucket.",
    "{They} walked all morning and met nobody but a shepherd and her dog.",
    "Beyond the last house the road grew narrow, and {hero} was glad of the {tool}.",
    "At the ford {they} took off {their} boots and crossed in water as cold as iron.",
)
FINDINGS = (
    "There, in a hollow tree, lay the {keepsake}, wrapped in a piece of cloth.",
    "In the mill a boy sat with the {keepsake} in his lap, and he began to cry.",
    "The {keepsake} hung from a branch, turning in the light.",
    "Behind a loose stone {they} felt something smooth, and drew out the {keepsake}.",
    "An old woman held out her hand, and in it was the {keepsake}.",
)
TRUTHS = (
    'It had belonged to {friend2} before the war of the two bridges. "I only wanted to hold it once more," said {friend2}.',
    "The thief was {friend2}, a {title2} who had once been {their} friend.",
    "No one had stolen it at all; {they} had left it there {years} years ago and forgotten.",
    "{friend2} explained that a gull had dropped it on the roof, and that {they2} had kept it safe.",
    "So {hero} sat down beside {friend2}, and they talked until {hour}.",
)
COMMISSIONS = (
    "One day the {guild} came to the {workshop} and asked for the finest {product} ever made in {town}.",
    '"Make me a {product}," said {friend}, "and I will give you {count} {goods} for it."',
    "The people of {other} wanted a {product} for their hall, and no one else dared to promise it.",
    "A stranger laid a {keepsake} on the table and ordered a {product} that would last a hundred years.",
    "{hero} promised to finish a {product} before the feast at the end of {season}.",
)
GATHERINGS = (
    "{They} sent to {other} for what was needed and swept the floor of the {workshop} twice.",
    "For {days} days {hero} did nothing but draw plans on the backs of old letters.",
    "{friend} brought wood, oil and a pot of {dish}, and stayed to watch.",
    "The best materials came down the river {river} on the {ship}, packed between {goods}.",
    "{hero} sharpened the {tool}, lit the stove and closed the door.",
)
WORKS = (
    "All through {season} a light burned in the {workshop}, and people heard the {tool} at work.",
    "The work was slow, and {hero} hummed {tune} to keep the time.",
    "Day after day {they} measured, marked and began again.",
    "{Their} {kin} carried water and asked no questions.",
    "By {day} it had a shape, and by the next {day} it had a name.",
)
FAILURES = (
    "On the last evening it cracked from one side to the other.",
    "But {weather_holds}, and the damp spoiled everything that had been done.",
    "Then {hero} found that one of the measures was wrong, and had been wrong from the start.",
    "When {they} lifted it, the bottom fell out, and {friend} could not help laughing.",
    "The {tool} slipped, and a month of work lay in pieces on the floor.",
)
ADVICES = (
    '"You hurry where you should wait," said {friend2}, the oldest {title2} in {other}.',
    "{friend2} the {title2} looked at the pieces for a long time, and then asked for a cup of tea.",
    'A child said, "Why do you not make it smaller?" and {hero} put down the {tool}.',
    "In an old book {they} read that a {product} must never be finished in the dark.",
    "{Their} {kin} said that even the {guild} had failed {count2} times before the first bridge stood.",
)
SECOND_TRIES = (
    "The next morning {hero} began again, {manner}, and this time {they} did not count the hours.",
    "{They} threw nothing away, but joined the old pieces with a thin line of silver.",
    "Together {hero} and {friend} tried once more, and their hands moved as if they had always known how.",
    "This time {they} worked only at {hour}, when the light was right.",
    "So {they} mixed the old with the new, and waited {days} days without touching it.",
)
SHOWINGS = (
    "When the {product} was carried through {town}, people came out of their houses to see it.",
    "On {day} the {guild} gathered in the hall, and {hero} pulled away the cloth.",
    '"It is not what I asked for," said {friend}. "It is better."',
    "Nobody spoke. Then someone at the back began to clap.",
    "They set the {product} in the square, and children touched it {manner}.",
)
SIGNS = (
    "At noon the gulls flew inland, and the water in the harbour turned the colour of lead.",
    "{hero} noticed that the ropes were stiff and the {goods} smelled of salt.",
    "The oldest sailors looked at the sky and took in their nets.",
    "The river {river} ran backward for a minute, as it does before a great tide.",
    "Far out, beyond the {ship}, a dark line was growing.",
)
WARNINGS = (
    '"Get the boats in," said {hero}, but the {guild} only laughed.',
    "{They} rang the bell at the end of the quay until {their} arms hurt.",
    "{hero} sent {friend} to {other} with a message, and hoped it was not too late.",
    "From door to door {they} went, asking people to bring their {goods} up the hill.",
    '"It will come before {hour}," said {friend}, and nobody asked what.',
)
STORMS = (
    "Then the storm broke over {town}, and {weather_holds}.",
    "The first wave went over the wall as if the wall were not there.",
    "For {count2} hours nobody could hear anything but water.",
    "The {ship} pulled at her chains like a dog that wants to run.",
    "In the {workshop} the floor was wet, and {hero} held the door shut with the {tool}.",
)
DAMAGES = (
    "By morning {count} {goods} were gone, and the roof of the {workshop} with them.",
    "Half of the quay had fallen into the harbour, and the {ship} lay on her side.",
    "The bridge over the river {river} was broken in {count2} places.",
    "No one was hurt, but the market was full of sand and small fish.",
    "Where the hall of the {guild} had been, there was only a floor.",
)
REPAIRS = (
    "{hero} lent {their} {tool} to anyone who asked, and worked beside them.",
    "The people of {other} sent bread, nails and {count2} carts of timber.",
    "First they mended the roofs, then the boats, and the hall of the {guild} last of all.",
    "{friend} and {friend2} stood in the cold water and passed stones from hand to hand.",
    "It took until {season2}, but every board found its place again.",
)
PREPARATIONS = (
    "The whole town was preparing for the feast of {season}, and {hero} had promised to bring {count} {goods}.",
    "{friend} baked {dish}, and the smell went as far as the {workshop}.",
    "Lamps were hung from the hall of the {guild} down to the river {river}.",
    "{hero} cleaned the {tool}, put on a red coat and practised a speech.",
    "Children ran through the streets of {town} with paper fish on sticks.",
)
GUESTS = (
    "Guests arrived from {other} on the {ship}, {count2} of them, with a drum.",
    "Among the guests was {friend2}, a {title2} whom {hero} had not seen for {years} years.",
    "The captain of the {ship} came too, and brought a {keepsake} as a gift.",
    "From the hills came shepherds, and from {other} came the {guild2} in their blue hats.",
    "At {hour} the first carts rolled over the bridge.",
)
QUARRELS = (
    "But {friend} and {friend2} had not spoken since the matter of the {keepsake}, and now they sat at one table.",
    "During the meal the {guild} and the {guild2} began to argue about the river tax.",
    '"That {product} was mine," said {friend2}, and the table went silent.',
    "Somebody said that the {goods} of {other} were better, and chairs were pushed back.",
    "Then {weather_holds}, the lamps went out, and everyone blamed {hero}.",
)
PEACES = (
    "{hero} stood up {manner} and began to sing {tune}.",
    "{They} put the {keepsake} in the middle of the table and told them where it came from.",
    '"There is enough {dish} for two towns," said {hero}, and somebody laughed.',
    "{friend} held out a hand, and after a moment {friend2} took it.",
    "One voice joined in, then another, until even the {guild2} were singing.",
)
EVENINGS = (
    "That night they ate {dish} by the fire, and {hero} told the story from the beginning.",
    "In the evening {friend} asked what the journey had been like, and {hero} answered {manner}.",
    "When the lamps were lit, {hero} wrote it all down, even the part about the {keepsake}.",
    "Later {they} sat on the wall with {friend2}, watching the {ship} turn on her anchor.",
    "Before sleep {they} counted the silver once, and found {count} coins more than there should have been.",
)
RETURNS = (
    "The way home was short, for now {weather_ends}.",
    "{hero} came back to {town} before {season2}, with the {tool} under one arm.",
    "When the {ship} entered the harbour of {town}, {friend} was already standing on the quay.",
    "They sailed home with an empty hold and a full purse, singing {tune}.",
    "On the road back to {town} {they} bought a {keepsake2} for {their} {kin}.",
)
REWARDS = (
    "As thanks the {guild} gave {hero} a {keepsake2} and a seat at their table.",
    "{friend2} offered {them} a house in {other}, but {hero} only asked for the {keepsake}.",
    "From then on {count} {goods} came to the {workshop} every {season}, and no one would say who had sent them.",
    "{Their} name was cut into the stone of the bridge, next to the name of the river.",
    "{hero} took the money, paid {friend} and gave the rest to the ferry.",
)
CLOSINGS = (
    "By the time it was over, {weather_ends}, and {town} went on as before.",
    "To this day the {keepsake} hangs above the door of the {workshop}, and visitors ask about it.",
    "{hero} never spoke of it again, but {they} always left a lamp in the window on {day} nights.",
    "And when people in {town} want to say that something is certain, they say it is as sure as {hero}'s {tool}.",
    "The {goods} are long gone, but the number {count} is still written in the book.",
    "After that the {title} of {town} and the {title2} of {other} wrote to each other every {season}.",
    "{weather_ends_cap}, and {hero} went back to work.",
)
PLOTS: tuple[tuple[tuple[str, ...], ...], ...] = (
    (OPENINGS, WEATHER_OPENS, ERRANDS, DEPARTURES, PASSAGES, TROUBLES, HELPS, ARRIVALS, DEALINGS, EVENINGS, RETURNS,
     CLOSINGS),
    (OPENINGS, WEATHER_OPENS, LOSSES, ASKINGS, CLUES, WALKS, FINDINGS, TRUTHS, EVENINGS, REWARDS, CLOSINGS),
    (OPENINGS, COMMISSIONS, GATHERINGS, WORKS, FAILURES, ADVICES, SECOND_TRIES, SHOWINGS, REWARDS, CLOSINGS),
    (OPENINGS, WEATHER_OPENS, SIGNS, WARNINGS, STORMS, DAMAGES, REPAIRS, EVENINGS, CLOSINGS),
    (OPENINGS, PREPARATIONS, GUESTS, QUARRELS, PEACES, EVENINGS, REWARDS, CLOSINGS),
)  # fmt: skip
