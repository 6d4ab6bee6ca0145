"""Words for the classic tests of bias, and pairs that say what gender is.

The stimuli are those of Caliskan, Bryson, Narayanan, "Semantics derived automatically from language
corpora contain human-like biases" (Science, 2017), table 1 and supplement, in small letters. Their
tests 3 and 4 differ from 5 by longer lists of names and are left out. The pairs are those of
Bolukbasi, Chang, Zou, Saligrama, Kalai, "Man is to computer programmer as woman is to homemaker?"
(2016), without the proper names, and with what tests 6 to 8 ask about.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Association:
    """Two sets of target words, X and Y, and two of attribute words, A and B, with names.

    The effect is above 0 where X goes with A and Y with B.
    """

    title: str
    names: tuple[str, str, str, str]
    X: tuple[str, ...]
    Y: tuple[str, ...]
    A: tuple[str, ...]
    B: tuple[str, ...]


def _set(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FLOWERS = _set(
    "aster clover hyacinth marigold poppy azalea crocus iris orchid rose bluebell daffodil lilac "
    "pansy tulip buttercup daisy lily peony violet carnation gladiola magnolia petunia zinnia"
)
INSECTS = _set(
    "ant caterpillar flea locust spider bedbug centipede fly maggot tarantula bee cockroach gnat "
    "mosquito termite beetle cricket hornet moth wasp blackfly dragonfly horsefly roach weevil"
)
INSTRUMENTS = _set(
    "bagpipe cello guitar lute trombone banjo clarinet harmonica mandolin trumpet bassoon drum "
    "harp oboe tuba bell fiddle harpsichord piano viola bongo flute horn saxophone violin"
)
WEAPONS = _set(
    "arrow club gun missile spear axe dagger harpoon pistol sword blade dynamite hatchet rifle "
    "tank bomb firearm knife shotgun teargas cannon grenade mace slingshot whip"
)
PLEASANT = _set(
    "caress freedom health love peace cheer friend heaven loyal pleasure diamond gentle honest "
    "lucky rainbow diploma gift honor miracle sunrise family happy laughter paradise vacation"
)
UNPLEASANT = _set(
    "abuse crash filth murder sickness accident death grief poison stink assault disaster hatred "
    "pollute tragedy divorce jail poverty ugly cancer kill rotten vomit agony prison"
)
MEN, WOMEN = (
    _set("john paul mike kevin steve greg jeff bill"),
    _set("amy joan lisa sarah diana kate ann donna"),
)
CAREER = _set("executive management professional corporation salary office business career")
FAMILY = _set("home parents children family cousins marriage wedding relatives")
MATH = _set("math algebra geometry calculus equations computation numbers addition")
ARTS = _set("poetry art dance literature novel symphony drama sculpture")
MALE = _set("male man boy brother he him his son")
FEMALE = _set("female woman girl sister she her hers daughter")
SCIENCE = _set("science technology physics chemistry einstein nasa experiment astronomy")
ARTS_OF_8 = _set("poetry art shakespeare dance literature novel symphony drama")
MALE_OF_8 = _set("brother father uncle grandfather son he his him")
FEMALE_OF_8 = _set("sister mother aunt grandmother daughter she hers her")
EUROPEAN = _set(
    "brad brendan geoffrey greg brett jay matthew neil todd allison anne carrie emily jill laurie "
    "kristen meredith sarah"
)
AFRICAN = _set(
    "darnell hakim jermaine kareem jamal leroy rasheed tremayne tyrone aisha ebony keisha kenya "
    "latonya lakisha latoya tamika tanisha"
)
GLAD = _set("joy love peace wonderful pleasure friend laughter happy")
HORRID = _set("agony terrible horrible nasty evil war awful failure")
MENTAL = _set("sad hopeless gloomy tearful miserable depressed")
PHYSICAL = _set("sick illness influenza disease virus cancer")
TEMPORARY = _set("impermanent unstable variable fleeting short-term brief occasional")
PERMANENT = _set("stable always constant persistent chronic prolonged forever")
YOUNG = _set("tiffany michelle cindy kristy brad eric joey billy")
OLD = _set("ethel bernice gertrude agnes cecil wilbert mortimer edgar")

TECHNICAL = _set("engineer programmer carpenter mechanic plumber pilot electrician welder")
CARING = _set("nurse librarian receptionist secretary stylist nanny florist housekeeper")

_FEELING = ("pleasant", "unpleasant")
TESTS = {
    "weat1": Association(
        "flowers and insects", ("flowers", "insects", *_FEELING),
        FLOWERS, INSECTS, PLEASANT, UNPLEASANT,
    ),
    "weat2": Association(
        "instruments and weapons", ("instruments", "weapons", *_FEELING),
        INSTRUMENTS, WEAPONS, PLEASANT, UNPLEASANT,
    ),
    "weat5": Association(
        "European, African names", ("European", "African American", *_FEELING),
        EUROPEAN, AFRICAN, GLAD, HORRID,
    ),
    "weat6": Association(
        "men's and women's names", ("men", "women", "career", "family"),
        MEN, WOMEN, CAREER, FAMILY,
    ),
    "weat7": Association(
        "mathematics and arts", ("mathematics", "arts", "male", "female"),
        MATH, ARTS, MALE, FEMALE,
    ),
    "weat8": Association(
        "science and arts", ("science", "arts", "male", "female"),
        SCIENCE, ARTS_OF_8, MALE_OF_8, FEMALE_OF_8,
    ),
    "weat9": Association(
        "mental, physical disease", ("mental", "physical", "temporary", "permanent"),
        MENTAL, PHYSICAL, TEMPORARY, PERMANENT,
    ),
    "weat10": Association(
        "young, old people's names", ("young", "old", *_FEELING),
        YOUNG, OLD, GLAD, HORRID,
    ),
    "professions": Association(
        "professions", ("technical", "caring", "male", "female"),
        TECHNICAL, CARING, MALE, FEMALE,
    ),
}  # fmt: skip

# pairs whose differences are the direction of gender
GENDER_PAIRS = (
    ("he", "she"), ("his", "hers"), ("man", "woman"), ("himself", "herself"), ("son", "daughter"),
    ("father", "mother"), ("boy", "girl"), ("male", "female"),
)  # fmt: skip
# pairs that shall differ in gender alone
EQUAL_PAIRS = (
    *GENDER_PAIRS, ("him", "her"), ("brother", "sister"), ("uncle", "aunt"), ("king", "queen"),
    ("prince", "princess"), ("husband", "wife"), ("grandfather", "grandmother"),
    ("actor", "actress"), ("waiter", "waitress"), ("men", "women"), ("boys", "girls"),
    ("grandson", "granddaughter"), ("gentleman", "lady"), ("gentlemen", "ladies"),
)  # fmt: skip
# words that have a gender by what they mean, beside those of the pairs
GENDERED = _set(
    "mr mrs ms miss sir madam lad lass guy gal dad mom daddy mommy papa mama groom bride nephew "
    "niece monk nun duke duchess bull cow hen rooster stallion mare beard pregnant widow widower "
    "bachelor heir heiress hero heroine host hostess policeman policewoman businessman "
    "businesswoman"
)
