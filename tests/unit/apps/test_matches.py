"""What followed the longest match."""

import numpy as np
import pytest

from tailrace.apps.lm.matches import KINDS, Matches, encode_training

TEXT = np.random.default_rng(0).integers(0, 3, 400) ** 2 % 5


def _plainly(text: list[int], training: list[int], longest: int) -> tuple[int, int, int, int]:
    """Length, symbol, its times and all times of the longest match of a text's end."""
    for length in range(min(longest, len(text)), 0, -1):
        end = text[len(text) - length :]
        places = [
            i + length for i in range(len(training) - length) if training[i : i + length] == end
        ]
        if places:
            following = [training[place] for place in places]
            symbol = min(set(following), key=lambda s: (-following.count(s), s))
            return length, symbol, following.count(symbol), len(following)
    return 0, 5, 0, 0


def _kind(length: int, times: int, total: int) -> int:
    bucket = sum(length >= least for least in (2, 3, 4, 6, 8, 10, 13))
    sure = 0 if total == 1 else 1 if times == total else 2 if 2 * times >= total else 3
    return 4 * bucket + sure if total else 0


@pytest.mark.parametrize("longest", [1, 5, 15])
def test_codes_tell_symbol_and_kind(longest: int):
    matches = Matches(TEXT, 5, longest)
    new = np.random.default_rng(1).integers(0, 3, 200) ** 2 % 5
    new[50:80] = TEXT[100:130]
    # a symbol that the training text lacks
    new[150] = 2
    symbols, kinds = np.divmod(matches.encode(new), KINDS)
    for place in range(len(new)):
        length, symbol, times, total = _plainly(new[: place + 1].tolist(), TEXT.tolist(), longest)
        assert symbols[place] == symbol, place
        assert kinds[place] == _kind(length, times, total), place


def test_text_in_pieces_gives_the_same_codes():
    matches = Matches(TEXT, 5, 8)
    whole = matches.encode(TEXT)
    pieces = [matches.encode(TEXT[i : i + 3], TEXT[:i]) for i in range(0, len(TEXT), 3)]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_a_piece_of_the_training_text_is_matched_with_the_others():
    # the second tenth alone has the symbol 4, so nothing foretells it there
    text = np.random.default_rng(2).integers(1, 4, 1000)
    text[100:200] = 4
    codes = encode_training(text, 5, 6)
    assert len(codes) == 1000
    symbols = codes // KINDS
    assert not (symbols == 4)[100:200].any()
    assert (symbols[105:200] == 5).all()
    others = Matches(np.concatenate([text[:300], text[400:]]), 5, 6)
    np.testing.assert_array_equal(codes[300:400], others.encode(text[300:400], text[200:300]))


def test_short_texts():
    assert Matches(np.array([1]), 3, 5).encode(np.array([1, 2])).tolist() == [3 * KINDS] * 2
    assert len(encode_training(np.array([1, 2, 1]), 3, 5)) == 3
