"""What the applications do, through their public API; like `torch_programs`, without weights."""

from tailrace.apps import LanguageModel

TEXT = "the quick brown fox jumps over the lazy dog while 3 vexed wizards judge (my) box; " * 40


def lm_sample(weights, characters, hidden, layers, **reads):
    """A text drawn character by character, as `tailrace lm sample` draws it.

    `reads` are settings of what the network reads beside the character, where it is not the
    default.
    """
    model = LanguageModel(
        cell="lstm", size=hidden, layers=layers, embedding=hidden, epochs=1, **reads
    )
    model.fit(TEXT)

    def step():
        model.sample("the ", characters, seed=1)

    return step


PROGRAMS = {"lm_sample": lm_sample}
