"""Texts by lot: the whole loop over symbols is one graph, so a run of the session draws many.

Each turn of the loop reads the symbol drawn last and draws the next: with g Gumbel noise, l the
logits and T the temperature, the highest of l + T g is a draw from softmax(l / T) among the symbols
that are allowed (Gumbel, "Statistical theory of extreme values", 1954). The noise of all turns is
made before the loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.lm.choice import NEVER, UNKNOWN, Choice
from tailrace.apps.lm.features import SymbolGroups
from tailrace.apps.lm.matches import Matches
from tailrace.apps.lm.model import build_step
from tailrace.apps.lm.reading import Reader, Reading

Ids = NDArray[np.int64]

# symbols that one run of the session draws
CHUNK = 128
# the history is as long as a multiple of this
HISTORY = 1024


class _Inputs(NamedTuple):
    """What a run of the loop is fed."""

    states: list[tf.Tensor]
    symbol: tf.Tensor  # int64 [1]: the last one
    groups: tf.Tensor  # int64 [n - 1]: rows of the groups that end with it, in their table
    contexts: tf.Tensor  # int64 [m - 1]: as the groups, of those that matches are looked for by
    noise_seed: tf.Tensor  # int64 [2]
    turns: tf.Tensor  # symbols to draw
    temperature: tf.Tensor
    top_k: tf.Tensor
    top_p: tf.Tensor
    no_repeat: tf.Tensor
    penalty: tf.Tensor
    window: tf.Tensor
    history: tf.Tensor  # int64 [T]: what was read and drawn; -1 where nothing is yet
    matched: tf.Tensor  # int32 [T]: how many symbols up to there are those up to the last one
    filled: tf.Tensor  # how many of the history
    last_turns: (
        tf.Tensor
    )  # int32 [V]: the turn that drew each symbol last, below 0 before the first


class _Loop(NamedTuple):
    """What it gives."""

    inputs: _Inputs
    drawn: tf.Tensor  # int64 [turns]
    final: list[tf.Tensor]


class _Wanted(NamedTuple):
    """The ways of choosing that a loop knows."""

    top_k: bool
    top_p: bool
    no_repeat: bool
    penalty: bool

    @classmethod
    def of(cls, choice: Choice) -> _Wanted:
        values = choice.top_k, choice.top_p, choice.no_repeat, choice.repetition_penalty
        return cls(*(value is not None for value in values))


def draw(
    reader: Reader, reading: Reading, ids: Ids, length: int, choice: Choice, seed: int
) -> Iterator[Ids]:
    """`length` symbols after `ids` [T], in pieces; `reading` is just before the last of them."""
    wanted = _Wanted.of(choice)
    if wanted not in reader.loops:
        with reader.graph.as_default():
            reader.loops[wanted] = _build(reader, wanted)
    loop: _Loop = reader.loops[wanted]
    states, text, known = reading.states, ids, reader.inputs
    for start in range(0, length, CHUNK):
        feed = _feed(loop.inputs, choice, states, (seed, start))
        feed[loop.inputs.symbol] = text[-1:]
        feed[loop.inputs.groups] = _rows(known.groups, text)
        if known.matches is not None:
            feed[loop.inputs.contexts] = _rows(known.matches.contexts, text)
        feed[loop.inputs.turns] = min(CHUNK, length - start)
        if choice.no_repeat is not None:
            feed |= _feed_history(loop.inputs, text, choice.no_repeat)
        if choice.repetition_penalty is not None:
            feed[loop.inputs.penalty] = choice.repetition_penalty
            feed[loop.inputs.window] = choice.repetition_window
            feed[loop.inputs.last_turns] = _last_turns(text, known.groups.vocabulary_size)
        drawn, states = reader.session.run([loop.drawn, loop.final], feed)
        text = np.concatenate([text, drawn])
        yield drawn


def _rows(known: SymbolGroups, text: Ids) -> NDArray[np.int32]:
    """Rows of the groups that a text ends with, in their table."""
    return known.encode(text[-known.longest :])[-1, 1:] - known.vocabulary_size


def _feed(
    inputs: _Inputs,
    choice: Choice,
    states: list[Any],
    seed: tuple[int, int],
) -> dict[Any, Any]:
    feed: dict[Any, Any] = dict(zip(inputs.states, states, strict=True))
    feed[inputs.noise_seed] = np.array(seed)
    feed[inputs.temperature] = choice.temperature
    if choice.top_k is not None:
        feed[inputs.top_k] = choice.top_k
    if choice.top_p is not None:
        feed[inputs.top_p] = choice.top_p
    return feed


def _feed_history(inputs: _Inputs, text: Ids, no_repeat: int) -> dict[Any, Any]:
    """The text so far, with room for what is drawn, and how long its endings agree with its end."""
    matched = np.zeros(len(text), np.int32)
    # lengths above no_repeat - 1 say nothing more
    for back in range(min(no_repeat, len(text))):
        same = text[: len(text) - back] == text[len(text) - 1 - back]
        so_far = matched[back:] == back
        matched[back:] += same & so_far
    # of few different lengths, since each has a plan of its own
    room = -(len(text) + CHUNK) % HISTORY + CHUNK
    return {
        inputs.no_repeat: no_repeat,
        inputs.history: np.pad(text, (0, room), constant_values=-1),
        inputs.matched: np.pad(matched, (0, room)),
        inputs.filled: len(text),
    }


def _last_turns(text: Ids, size: int) -> NDArray[np.int32]:
    """The place of each symbol's last occurrence, counted from the end; far off where none is."""
    found = np.full(size, np.iinfo(np.int32).min // 2, np.int32)
    found[text] = np.arange(-len(text), 0)
    return found


def _build(reader: Reader, wanted: _Wanted) -> _Loop:
    """The loop in the default graph, with the ways of choosing that are wanted."""
    top_k, top_p, no_repeat, penalty = wanted
    settings, (known, matches) = reader.settings, reader.inputs
    size = known.vocabulary_size
    step = build_step(settings, known.rows - size, size)
    inputs = _make_inputs(reader)
    never = tf.constant([UNKNOWN] + [0.0] * (size - 1), name="never")
    with tf.name_scope("noise"):
        # of all turns there may be, so that one plan serves for any number
        even = tf.random.stateless_uniform(
            [CHUNK, size], inputs.noise_seed, minval=np.finfo(np.float32).tiny
        )
        noise = never - inputs.temperature * tf.log(-tf.log(even))

    def allowed(logits: tf.Tensor) -> tf.Tensor:
        """The least logit allowed, of [V] ones."""
        if top_k:
            kept = tf.nn.top_k(logits, tf.minimum(inputs.top_k, size)).values
            if not top_p:
                return kept[-1]
        else:
            kept = tf.nn.top_k(logits, size).values
        # the first one is always kept, and each that those before leave room for
        even_or_not = tf.nn.softmax(kept / tf.maximum(inputs.temperature, 1e-3))
        before = tf.cumsum(even_or_not, exclusive=True)
        return tf.reduce_min(tf.where(before < inputs.top_p, kept, tf.zeros_like(kept) + kept[0]))

    def body(
        i: Any, drawn: Any, symbol: Any, groups: Any, states: Any, rest: Any, *seen: Any
    ) -> Any:
        turns, contexts = rest
        match = None if matches is None else _match(matches, symbol, contexts[0])
        logits, states = step(symbol, groups, states, match)
        if penalty:
            recent = i - turns[0] <= inputs.window
            logits = tf.nn.log_softmax(logits)
            logits = tf.where(recent[None], logits * inputs.penalty, logits)
        if no_repeat:
            logits += _repeats(seen[0], seen[1], inputs.no_repeat, size)
        if top_k or top_p:
            plain = logits + never
            # behind the unknown symbol's, which is the lowest of all
            logits += NEVER * tf.to_float(plain < allowed(plain[0]))
        following = tf.argmax(logits + tf.gather(noise, i), 1)
        if no_repeat:
            seen = _remember(seen, following)
        if penalty:
            here = tf.equal(tf.range(size, dtype=tf.int64), following)
            turns = [tf.where(here, tf.zeros_like(turns[0]) + i, turns[0])]
        groups = _next_groups(known, symbol, groups, following)
        if matches is not None:
            contexts = [_next_groups(matches.contexts, symbol, contexts[0], following)]
        rest = turns, contexts
        return (i + 1, drawn.write(i, following), following, groups, states, rest, *seen)

    drawn = tf.TensorArray(tf.int64, CHUNK, element_shape=[1])
    first = (tf.constant(0), drawn, inputs.symbol, inputs.groups, inputs.states)
    rest = ([inputs.last_turns] if penalty else [], [inputs.contexts] if matches else [])
    seen = (inputs.history, inputs.matched, inputs.filled) if no_repeat else ()
    _, drawn, _, _, final, *_ = tf.while_loop(
        lambda i, *_: i < inputs.turns,
        body,
        (*first, rest, *seen),
        back_prop=False,
        parallel_iterations=1,
    )
    return _Loop(inputs, drawn.concat()[: inputs.turns], list(final))


def _make_inputs(reader: Reader) -> _Inputs:
    def number(dtype: tf.DType, name: str) -> tf.Tensor:
        return tf.placeholder(dtype, [], name=name)

    groups = reader.inputs.groups
    with tf.name_scope("generation"):
        return _Inputs(
            [tf.placeholder(tf.float32, [1, size], name="state") for size in reader.state_sizes],
            tf.placeholder(tf.int64, [1], name="symbol"),
            tf.placeholder(tf.int64, [groups.longest - 1], name="groups"),
            tf.placeholder(tf.int64, [None], name="contexts"),
            tf.placeholder(tf.int64, [2], name="noise_seed"),
            number(tf.int32, "turns"),
            number(tf.float32, "temperature"),
            number(tf.int32, "top_k"),
            number(tf.float32, "top_p"),
            number(tf.int32, "no_repeat"),
            number(tf.float32, "penalty"),
            number(tf.int32, "window"),
            tf.placeholder(tf.int64, [None], name="history"),
            tf.placeholder(tf.int32, [None], name="matched"),
            number(tf.int32, "filled"),
            tf.placeholder(tf.int32, [groups.vocabulary_size], name="last_turns"),
        )


def _match(matches: Matches, symbol: tf.Tensor, contexts: tf.Tensor) -> tf.Tensor:
    """The code [1] of the longest match of a text that ends with a symbol and these contexts."""
    rows = tf.concat([symbol, contexts + matches.vocabulary_size], 0)
    codes = tf.gather(tf.constant(matches.foretold), rows)
    # the last of those that foretell something
    place = tf.range(matches.longest, dtype=tf.int64)
    ranked = tf.where(codes >= 0, place * (matches.nothing + 1) + codes, tf.zeros_like(codes) - 1)
    best = tf.reduce_max(ranked, keepdims=True)
    nothing = tf.zeros_like(best) + matches.nothing
    return tf.where(best >= 0, best % (matches.nothing + 1), nothing)


def _next_groups(
    known: SymbolGroups, symbol: tf.Tensor, groups: tf.Tensor, following: tf.Tensor
) -> tf.Tensor:
    """Rows of the groups that end with the symbol that follows, [n - 1]."""
    if known.longest == 1:
        return groups
    size, count = known.vocabulary_size, known.longest - 1
    # a key more than all keys, for the search to end at
    keys = tf.constant(np.append(known.flat_keys(), np.iinfo(np.int64).max), name="keys")
    beyond = np.full(count, size * size)
    beyond[0] = 0
    wanted = tf.concat([symbol, groups[:-1]], 0) * size + (following + beyond)
    place = tf.searchsorted(keys, wanted, out_type=tf.int64)
    unknown = tf.constant(known.unknown_rows().astype(np.int64) - size)
    return tf.where(
        tf.equal(tf.gather(keys, place), wanted), place + np.arange(1, count + 1), unknown
    )


def _repeats(history: tf.Tensor, matched: tf.Tensor, least: tf.Tensor, size: int) -> tf.Tensor:
    """`NEVER` for symbols that would make a group come again, [V]."""
    # what followed each earlier place where the last symbols stood too
    again = (matched[:-1] >= least - 1) & (history[1:] >= 0)
    following = tf.where(again, history[1:], tf.zeros_like(history[1:]) - 1)
    times = tf.unsorted_segment_sum(tf.to_float(again), following, size)
    return NEVER * times


def _remember(seen: Any, symbol: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The history with a symbol more: `history`, `matched` and `filled` of the inputs."""
    history, matched, filled = seen
    here = tf.equal(tf.range(tf.shape(history)[0]), filled)
    history = tf.where(here, tf.zeros_like(history) + symbol, history)
    longer = tf.concat([[0], matched[:-1]], 0) + 1
    matched = tf.where(tf.equal(history, symbol), longer, tf.zeros_like(matched))
    return history, matched, filled + 1
