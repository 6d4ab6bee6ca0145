"""Modified Kneser-Ney written down as the paper does, with dictionaries: what to compare with."""

from collections import Counter


class PlainKneserNey:
    """Chen and Goodman 1998, equations of section 3; contexts are tuples."""

    def __init__(self, text: list[int], vocabulary_size: int, order: int) -> None:
        self.vocabulary_size, self.order = vocabulary_size, order
        ngrams = {
            n: Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1))
            for n in range(1, order + 1)
        }
        self.counts = {order: dict(ngrams[order])}
        for n in range(1, order):
            before = Counter(longer[1:] for longer in ngrams[n + 1])
            # only the start of the text may have nothing before it
            self.counts[n] = {ngram: before[ngram] or 1 for ngram in ngrams[n]}
        self.discounts = {n: self._discounts(counts) for n, counts in self.counts.items()}

    @staticmethod
    def _discounts(counts: dict) -> list[float]:
        n1, n2, n3, n4 = (sum(c == times for c in counts.values()) for times in (1, 2, 3, 4))
        if not (n1 and n2 and n3):
            return [0.0, 0.75, 0.75, 0.75]
        y = n1 / (n1 + 2 * n2)
        raw = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
        return [0.0, *(min(max(d, 0.01), i) for i, d in enumerate(raw, start=1))]

    def probability(self, context: tuple[int, ...], symbol: int) -> float:
        """P(symbol | context), the context as long as the order allows or shorter."""
        n = len(context) + 1
        shorter = self.probability(context[1:], symbol) if context else 1 / self.vocabulary_size
        followers = {k[-1]: c for k, c in self.counts[n].items() if k[:-1] == context}
        if not followers:
            return shorter
        total = sum(followers.values())
        d = self.discounts[n]
        count = followers.get(symbol, 0)
        rest = sum(d[min(c, 3)] for c in followers.values()) / total
        return max(count - d[min(count, 3)], 0) / total + rest * shorter
