# ruff: noqa: E501  (the rules are tables, and read by eye along the line)
"""The desk: which section an article runs in, what it is about, and the kicker above its headline.

Every rule reads the headline and the opening paragraph, some the whole text. Sections are found by score: a pattern counts
three in the headline and one in the opening; the highest wins, the earlier in the list on a tie. What the rules get wrong
is listed in `curation.toml`, by hand, and only that.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from wikinews import Story

from broadsheet.interchange.demo.edition import Section, Topic

SECTIONS = (
    Section("world", "World", "War and peace, protest and diplomacy."),
    Section("politics", "Politics", "Parliaments, presidents and elections."),
    Section("courts", "Courts and crime", "Judgments, trials and investigations."),
    Section("disasters", "Disasters", "Storms, fires, crashes and what follows them."),
    Section("science", "Science and health", "Research, space, nature and medicine."),
    Section("culture", "Culture and sport", "Festivals, film, art and the games."),
    Section("obituaries", "Obituaries", "Lives remembered."),
    Section("digital-government", "Digital government", "How public services are built, from digital.gov."),
)

SECTION_SIGNS: dict[str, str] = {
    "obituaries": r"\b(?:dies|dead at) (?:aged|at age|at)? ?\d|\bdies\b",
    "disasters": r"hurricane|typhoon|tropical (?:storm|depression)|earthquake|aftershocks?|\bfire\b(?! extinguisher)|pileup|overturns"
    r"|\bcrash(?:es|ed)?\b|collapses?|outages|collision|voice recorder|engineer killed|killed by his lions|multi-motorcycle",
    "courts": r"\bcourts?\b|judge|sentenced?|jail(?:ed|s)|pleads|guilty|murder(?:ed|s)?|killer|arrests? made|arrested|gunman|shot at|stabbed"
    r"|theft|investigating|found dead|knife|assassin|suspect|rape",
    "science": r"scientists?|study|studies|research(?:ers)?|findings published|nobel prize|astronomers|spacex|penguins|biologist|butterfly"
    r"|facebook records|neurosurgery|vaccination|hoverboard|superbug|wrecked sub",
    "culture": r"comicon|fan expo|convention|furnal|anime|maker faire|festival|premiere|wins gold|marathon|world record|headdress|buffalo"
    r"|extraterrestrial|mockumentary",
    "politics": r"president(?:ial)?\b|congress|senat(?:e|or)|house of representatives|speaker|impeach\w*|election|parliament|prime minister"
    r"|governor|legislat(?:ure|ion)|brexit|candidate|abortion|conservative|liberal|contempt|party\b|border wall|us house|u\.s\. house",
    "world": r"hong kong|bomb(?:ing|s)?\b|military base|taliban|houthi|missile|\bsyria|saudi|iran\b|iranian|iraqi|kurds|turkey|pope|african union"
    r"|troop|drone attacks|rescue charity|security minister|bans|diplomat|restrictions on flying|rainforest|cargo ship|state-owned|un general",
}

# What the kicker says, tried in this order: first in the headline, then in the opening.
KICKER_SUBJECTS: tuple[tuple[str, str], ...] = (
    (r"impeach|subpoena to secretary", "Impeachment"),
    (r"ends US presidential", "2020 election"),
    (r"Brexit|suspen(?:d|sion).*parliament|prorogation", "Brexit"),
    (r"Hong Kong", "Hong Kong"),
    (r"Puerto Rico", "Puerto Rico"),
    (r"[Hh]urricane|Tropical|Typhoon", "Storms"),
    (r"[Ee]arthquake", "Earthquakes"),
)
KICKER_SCIENCE: tuple[tuple[str, str], ...] = (
    (r"SpaceX|exoplanet|Martian|Nobel Prize winners in physics", "Space"),
    (r"penguin|butterfly|shark|[Zz]ebra|dinosaur|ibis|[Ff]ish|slug", "Nature"),
    (r"Ebola|measles|superbug|suicide|[Nn]eurosurgery", "Health"),
    (r"Antarctica|phytoplankton|pollution", "Climate and environment"),
    (r"Easter Island|sub near", "Archaeology"),
    (r"Facebook|hoverboard|coating|jet-powered", "Technology"),
)
KICKER_CULTURE: tuple[tuple[str, str], ...] = (
    (r"World Championships|[Mm]arathon", "Athletics"),
    (r"[Mm]ockumentary", "Film"),
    (r"Comicon|Fan Expo|Furnal|Anime|Haunters|Maker Faire", "Conventions"),
)
KICKER_OBITUARIES: tuple[tuple[str, str], ...] = (
    (r"Representative|Senator|[Pp]resident|Minister|leader of Zimbabwe", "Politics"),
    (r"[Dd]rummer|songwriter|Actor|Radio|designer", "Culture"),
    (r"[Oo]ceanographer|[Cc]osmonaut", "Science"),
    (r"Justice", "Law"),
    (r"Bishop", "Religion"),
    (r"intelligence", "Intelligence"),
)

# Places as they stand in the texts, and as the kicker calls them.
PLACES: dict[str, str] = {
    "Magnitogorsk": "Russia", "Babyninsky": "Russia", "Tyumen": "Russia", "Russia": "Russia", "Koszalin": "Poland", "Gdańsk": "Poland",
    "Polish": "Poland", "Catalonia": "Spain", "Indonesia": "Indonesia", "Indonesian": "Indonesia", "Java Sea": "Indonesia", "Cuba": "Cuba",
    "Iranian": "Iran", "Iran": "Iran", "Mahan": "Iran", "Germany": "Germany", "German": "Germany", "Afghanistan": "Afghanistan",
    "Philippines": "Philippines", "Yemen": "Yemen", "Toronto": "Canada", "Canada": "Canada", "Paris": "France", "France": "France",
    "French": "France", "Mexican": "Mexico", "Aleppo": "Syria", "Syria": "Syria", "Syrian": "Syria", "Thai": "Thailand", "New Delhi": "India",
    "Chittagong": "Bangladesh", "Bradford": "England", "England": "England", "London": "London", "UK": "United Kingdom",
    "Britain": "United Kingdom", "New Zealand": "New Zealand", "Turkey": "Turkey", "Taiwan": "Taiwan", "Tunisian": "Tunisia",
    "African Union": "Africa", "South African": "South Africa", "New South Wales": "Australia", "Pakistani": "Pakistan", "Pakistan": "Pakistan",
    "Saudi": "Saudi Arabia", "Hungarian": "Hungary", "Iraqi": "Iraq", "Norway": "Norway", "Samoan": "Samoa", "Samoans": "American Samoa",
    "Amazon": "Brazil", "European": "Europe", "Pope": "Vatican", "Namibia": "Namibia", "Zimbabwe": "Zimbabwe", "Tongan": "Tonga",
    "Florida": "Florida", "New Hampshire": "New Hampshire", "Texas": "Texas", "California": "California", "Nevada": "Nevada",
    "Alabama": "Alabama", "Pennsylvania": "Pennsylvania", "Virginia": "Virginia", "Louisiana": "Louisiana", "Connecticut": "Connecticut",
    "New York": "New York", "NYC": "New York", "Wyoming": "Wyoming", "Northern Arapaho": "Wyoming", "Trump": "White House",
    "White House": "Washington", "Congress": "Congress", "House of Representatives": "Congress", "United States": "United States",
    "U.S.": "United States", "US": "United States",
}  # fmt: skip


@dataclass(frozen=True)
class TopicRule:
    """`anywhere` in headline or opening, or `often` times in the text, makes the topic."""

    topic: Topic
    anywhere: str
    often: int = 4


def _topic(name: str, pattern: str, often: int = 4) -> TopicRule:
    return TopicRule(Topic(re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"), name), pattern, often)


TOPICS: tuple[TopicRule, ...] = (
    _topic("Donald Trump", r"Trump\b(?! advisor)", 4),
    _topic("Trump impeachment", r"impeach(?:ment|es|ed)?\b(?! of)", 3),
    _topic("US Congress", r"Congress\b(?! Cent)|House of Representatives|U\.?S\.? (?:House|Senate|Senator|Representative|Speaker)\b", 4),
    _topic("2020 US presidential election", r"2020 (?:United States |US )?presidential|US presidential bid|US presidential campaign", 2),
    _topic("US immigration and the border", r"border wall|wall (?:along|on) the|citizenship question", 3),
    _topic("Brexit", r"Brexit", 2),
    _topic("United Kingdom", r"United Kingdom|\bUK\b|Britain|British|England|London|Scottish", 4),
    _topic("Hong Kong protests", r"Hong Kong(?:’s)? (?:protest|leader|district|demonstrations|Carrie)|Hong Kong’s Carrie|in Hong Kong", 6),
    _topic("Puerto Rico", r"Puerto Ric"),
    _topic("Syria", r"Syria(?!n toddler)", 4),
    _topic("Iran", r"\bIran(?:ian)?\b", 4),
    _topic("Saudi Arabia", r"Saudi", 4),
    _topic("Turkey", r"Turk(?:ey|ish)\b", 4),
    _topic("New York", r"New York City|NYC\b|Manhattan", 3),
    _topic("Philippines", r"Philippine"),
    _topic("Indonesia", r"Indonesia"),
    _topic("Russia", r"Russia\b|Russian space|Soviet", 4),
    _topic("France", r"France|French|Paris\b(?! Climate)", 4),
    _topic("Poland", r"Poland|Polish (?:city|leader)", 3),
    _topic("Canada", r"Canada|Toronto|Canadian(?= city)", 4),
    _topic("Africa", r"Africa\b|African Union|South African|Zimbabwe|Namibia|Tunisia|Kenya|Nigeria|Congo\b", 4),
    _topic("Pacific islands", r"Samoa|Tonga|Easter Island|Fiji\b|New Zealand|Hawaii|Kīlauea", 3),
    _topic("California", r"California(?!, Los)", 4),
    _topic("Texas", r"Texas", 3),
    _topic("Florida", r"Florida\b(?! in the)", 3),
    _topic("Hurricanes and storms", r"[Hh]urricane (?:Dorian|Humberto|Lorenzo)|[Tt]ropical (?:[Ss]torm|[Dd]epression)|Typhoon", 4),
    _topic("Earthquakes", r"[Ee]arthquake", 3),
    _topic("Fires", r"\b[Ff]ires?\b (?:kills?|yesterday|destroyed)|caught fire|catches fire|boat fire|wildfires?|fire kills|forest fires", 4),
    _topic("Road accidents", r"pileup|\b[Bb]us (?:crash|carrying|operated)|motorcycl|traffic collision|road accident", 5),
    _topic("Aviation", r"cargo plane|[Jj]et’s voice|Mahan Air|flights? to Cuba|flying to Cuba|propeller plane|plane crash|[Ff]lyboard|bomber crashed", 6),
    _topic("At sea", r"cargo ship|boat fire|submarine|Sea-Eye|\bVoice recorder|Java Sea|wrecked sub", 5),
    _topic("Terrorism", r"[Tt]erroris[mt]|Taliban|Al-Qaeda|bombings?\b|bomb kills|[Bb]ombs kill|Osama bin Laden", 3),
    _topic("Gun violence", r"[Gg]unman|shooting at|mosque murder|gun ownership|shot at", 5),
    _topic("Murder trials", r"serial killer|murder(?:s|ed)?\b(?= suspect| Pakistani| Saudi|\.)|killer sentenced|murdered|eight murders", 6),
    _topic("Sexual abuse", r"sexual abuse|rape case|raping|child porn|child sexual", 4),
    _topic("Supreme courts", r"Supreme Court|Court of Session|Court of Justice", 3),
    _topic("Elections", r"(?<!presidential )\belections?\b|elected Conservative", 6),
    _topic("Abortion law", r"abortion", 3),
    _topic("LGBT rights", r"same-sex|LGBT|anti-homosexual|gay men", 3),
    _topic("Catholic Church", r"Pope|Roman Catholic|[Cc]athedral|diocese|Catholic priests", 4),
    _topic("Space", r"exoplanet|SpaceX|[Cc]osmonaut|Mars\b|Martian|spacewalk|International Space Station", 4),
    _topic("Wildlife", r"penguins?|butterfl|sharks?|zebra|horse flies|\blions\b|buffalo|ibis|slug|dinosaur|coral|voracious fish", 6),
    _topic("Oceans", r"ocean(?:ographer|s)?\b|coral reef|shark|ice shel|phytoplankton", 5),
    _topic("Climate and environment", r"climate|pollution|emission|rainforest|warming|power plant", 4),
    _topic("Health and medicine", r"Ebola|measles|E\. coli|suicide|opioid|[Nn]eurosurgery|medicine\b|vaccin|superbug", 5),
    _topic("Technology", r"Facebook (?!users)|SpaceX|coating|3D printers|cybersecurity|dark web|Flyboard", 5),
    _topic("Fan conventions", r"convention\b|Comicon|Furnal Equinox|Fan Expo|Anime North|Maker Faire", 5),
    _topic("Music", r"[Dd]rummer|singer|lyricist|Grateful Dead", 5),
    _topic("Film and television", r"mockumentary|[Ff]ilm\b|voice actor|[Rr]adio host|Actor Doris|television personality", 5),
    _topic("Athletics", r"marathon|World Championships|hurdles", 4),
    _topic("Archaeology and history", r"Easter Island|[Ee]gyptians|submarine wreck|World War II-era|statues|Headdress", 5),
)  # fmt: skip


def section_of(story: Story, exceptions: dict[str, str]) -> str:
    if story.slug in exceptions:
        return exceptions[story.slug]
    scores: Counter[str] = Counter()
    for section, signs in SECTION_SIGNS.items():
        scores[section] = 3 * len(re.findall(signs, story.headline, re.I)) + len(re.findall(signs, story.opening, re.I))
    if re.search(SECTION_SIGNS["obituaries"], story.headline):
        return "obituaries"
    del scores["obituaries"]
    return max(scores, key=lambda section: (scores[section], -list(SECTION_SIGNS).index(section)))


def kind_of(headline: str, section: str) -> str:
    """What kind of piece it is, in the newsroom's words; news where nothing says otherwise."""
    if section == "obituaries":
        return "obituary"
    if re.search(r"\binterviews\b|^Q&A |^Member Spotlight", headline):
        return "interview"
    if section == "digital-government":
        return (
            "explainer"
            if re.search(r"^How to|\bHow To\b|^\d|^Three|^Tips|Tips for|What Makes|^Which", headline)
            else "feature"
        )
    return "feature" if section == "culture" and "Wikinews attends" in headline else "article"


def kicker_of(story: Story, section: str, exceptions: dict[str, str]) -> str:
    if story.slug in exceptions:
        return exceptions[story.slug]
    own = {"science": KICKER_SCIENCE, "culture": KICKER_CULTURE, "obituaries": KICKER_OBITUARIES}.get(
        section, KICKER_SUBJECTS
    )
    for pattern, kicker in own:
        if re.search(pattern, story.headline):
            return kicker
    for text in (story.headline, story.opening):
        # The first place named; of two that begin together, the longer.
        found = [
            (text.find(place), -len(place), kicker)
            for place, kicker in PLACES.items()
            if re.search(rf"\b{re.escape(place)}(?!\w)", text)
        ]
        if found:
            return min(found)[2]
    return ""


def topics_of(story: Story, exceptions: dict[str, list[str]]) -> list[Topic]:
    """In the order of the list; `exceptions` names topics to add, or to take away with a minus before them."""
    opening = f"{story.headline}\n{story.opening}"
    found = []
    changes = exceptions.get(story.slug, [])
    for rule in TOPICS:
        named = re.search(rule.anywhere, opening) or len(re.findall(rule.anywhere, story.plain)) >= rule.often
        if (named or rule.topic.name in changes) and f"-{rule.topic.name}" not in changes:
            found.append(rule.topic)
    return found
