"""A network that learns normal series and says of every point how unlikely it is.

Arrays: T points, C channels, B windows side by side of L points, K points ahead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tailrace as tf
from tailrace.apps.anomaly.model import Network, build_autoencoder, build_predictor
from tailrace.apps.anomaly.scoring import Errors
from tailrace.apps.anomaly.settings import Settings
from tailrace.apps.anomaly.windows import Floats, clean, cut, spread
from tailrace.apps.common.parts import generator
from tailrace.apps.common.training import Course
from tailrace.apps.errors import UserError

# the validation part is looked at so often during training
LOOKS = 10
VALIDATION_WINDOWS = 128
# windows that are asked about at once
AT_ONCE = 256
# of training, the rate falls to this part of itself
LAST_RATE = 0.1

# the batches of an epoch, a step on one of them at a rate, figures on the validation part
Lessons = tuple[
    Callable[[int], Iterable[Floats]],
    Callable[[Floats, float], float],
    Callable[[], Mapping[str, float]],
]


class Learner:
    """What both networks share: the graph, its session, how it learns."""

    # what one window of the training has more than `settings.window` points
    extra = 0

    def __init__(self, settings: Settings, channels: int) -> None:
        self.settings, self.channels = settings, channels
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(settings.seed)
            self.network = self._build()
            self.variables = tf.trainable_variables()
            self.session = tf.Session()
            self.session.run(tf.global_variables_initializer())

    def course(self) -> Course:
        """How long to learn: one pass of so many steps, looked at several times."""
        settings = self.settings
        every = max(1, settings.steps // LOOKS)
        rate = settings.learning_rate
        return Course(rate, epochs=1, warm_up=0, least_rate=LAST_RATE, every=every)

    def lessons(self, normal: Floats, validation: Floats, bad: NDArray[np.bool_]) -> Lessons:
        """How to learn from a standardized series but for its bad points.

        Raises: UserError where no window is free of them.
        """
        length = self.settings.window + self.extra
        usable = clean(bad, length)
        if not len(usable):
            raise UserError(
                f"no {length} normal points in a row to learn from; a smaller --window needs less"
            )
        windows = cut(normal, length)
        checks = cut(validation, length, max(1, len(validation) // VALIDATION_WINDOWS))

        def batches(epoch: int) -> Iterator[Floats]:
            random = generator(self.settings.seed, epoch)
            for _ in range(self.settings.steps):
                yield windows[random.choice(usable, self.settings.batch)]

        return batches, self._update, lambda: {"validation": self._loss(checks)}

    def _update(self, windows: Floats, rate: float) -> float:
        net = self.network
        feed = {**self._feed(windows), net.learning_rate: rate}
        return float(self.session.run([net.loss, net.update], feed)[0])

    def _loss(self, windows: Floats) -> float:
        return float(self.session.run(self.network.loss, self._feed(windows)))

    def _build(self) -> Network:
        raise NotImplementedError

    def _feed(self, windows: Floats) -> dict[tf.Tensor, NDArray[Any]]:
        """What to feed for windows [B, L + extra, C]."""
        raise NotImplementedError

    def fit_errors(self, normal: Floats) -> None:
        """Learns how large errors usually are, from normal standardized values."""
        raise NotImplementedError

    def raw_scores(self, values: Floats) -> Floats:
        """Scores [T] of standardized values; NaN where a point has none."""
        raise NotImplementedError

    def stream(self) -> Stream:
        """Scores a series that arrives point by point."""
        raise NotImplementedError

    def errors_to_json(self) -> dict[str, Any]:
        """What `fit_errors` found, as JSON has it."""
        raise NotImplementedError

    def errors_from_json(self, data: dict[str, Any]) -> None:
        """Takes what `errors_to_json` gave."""
        raise NotImplementedError


class Stream:
    """Raw scores of points in the order they come, some of them later than the point."""

    def push(self, point: Floats) -> list[float]:
        """Takes a standardized point [C]; returns the scores that are known now, in order."""
        raise NotImplementedError

    def end(self) -> list[float]:
        """The scores still owed."""
        return []


class Predictor(Learner):
    """Says the next points; a point is odd if it is not what was said 1 to K points before."""

    def __init__(self, settings: Settings, channels: int) -> None:
        self.extra = settings.ahead
        super().__init__(settings, channels)
        self._errors: Errors

    def _build(self) -> Network:
        return build_predictor(self.channels, self.settings.size, self.settings.ahead)

    def _feed(self, windows: Floats) -> dict[tf.Tensor, NDArray[Any]]:
        net, length, ahead = self.network, self.settings.window, self.settings.ahead
        targets = np.concatenate([windows[:, k : k + length] for k in range(1, ahead + 1)], axis=2)
        feed: dict[tf.Tensor, NDArray[Any]] = {
            net.inputs: windows[:, :length].transpose(1, 0, 2),
            net.targets: targets.transpose(1, 0, 2),
        }
        return {**feed, **dict(zip(net.initial, self._zeros(len(windows)), strict=True))}

    def _zeros(self, batch: int) -> list[NDArray[np.float32]]:
        return [np.zeros([batch, self.settings.size], np.float32) for _ in self.network.initial]

    def said(
        self, values: Floats, states: list[NDArray[np.float32]] | None = None
    ) -> tuple[Floats, list[NDArray[np.float32]]]:
        """What is said after each point of values [T, C]: [T, K, C], and the states behind it."""
        net = self.network
        states = states or self._zeros(1)
        feed = {net.inputs: values[:, None], **dict(zip(net.initial, states, strict=True))}
        outputs, final = self.session.run([net.outputs, net.final], feed)
        return outputs[:, 0].reshape(len(values), self.settings.ahead, self.channels), final

    def _differences(self, values: Floats) -> Floats:
        """Errors [T - K, K C] of the points from the K-th on, the latest prediction first."""
        said, _ = self.said(values)
        ahead = self.settings.ahead
        found = [
            values[ahead:] - said[ahead - k : len(values) - k, k - 1] for k in range(1, ahead + 1)
        ]
        return np.concatenate(found, axis=1)

    def fit_errors(self, normal: Floats) -> None:
        """One Gaussian for all K errors of a point."""
        self._errors = Errors.fit(self._differences(normal))

    def raw_scores(self, values: Floats) -> Floats:
        """Squared Mahalanobis distances; the first K points have none."""
        scores = np.full(len(values), np.nan)
        scores[self.settings.ahead :] = self._errors.scores(self._differences(values))
        return scores

    def stream(self) -> Stream:
        """Every point has its score at once."""
        return _PredictorStream(self)

    def score_errors(self, errors: Floats) -> float:
        """The score of one point's errors [K C]."""
        return float(self._errors.scores(errors[None])[0])

    def errors_to_json(self) -> dict[str, Any]:
        """The Gaussian."""
        return self._errors.to_json()

    def errors_from_json(self, data: dict[str, Any]) -> None:
        """The Gaussian."""
        self._errors = Errors.from_json(data, self.settings.ahead * self.channels)


class _PredictorStream(Stream):
    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._states: list[NDArray[np.float32]] | None = None
        self._said: deque[Floats] = deque(maxlen=predictor.settings.ahead)

    def push(self, point: Floats) -> list[float]:
        score, ahead = float("nan"), self._predictor.settings.ahead
        if len(self._said) == ahead:
            errors = [point - self._said[ahead - k][k - 1] for k in range(1, ahead + 1)]
            score = self._predictor.score_errors(np.concatenate(errors))
        said, self._states = self._predictor.said(point[None], self._states)
        self._said.append(said[0])
        return [score]


class Autoencoder(Learner):
    """Gives windows back; a point is odd if the windows that hold it do not come back well."""

    def __init__(self, settings: Settings, channels: int) -> None:
        super().__init__(settings, channels)
        self._scale = np.ones(channels)

    def _build(self) -> Network:
        return build_autoencoder(self.channels, self.settings.size, self.settings.window)

    def _feed(self, windows: Floats) -> dict[tf.Tensor, NDArray[Any]]:
        return {self.network.inputs: windows.transpose(1, 0, 2)}

    def rebuilt(self, windows: Floats) -> Floats:
        """Windows [N, L, C] as they come back."""
        parts = [
            self.session.run(self.network.outputs, self._feed(part)).transpose(1, 0, 2)
            for part in np.split(windows, range(AT_ONCE, len(windows), AT_ONCE))
        ]
        return np.concatenate(parts)

    def fit_errors(self, normal: Floats) -> None:
        """The mean squared error of each channel."""
        windows = cut(normal, self.settings.window, self.settings.stride)
        error = ((self.rebuilt(windows) - windows) ** 2).mean(axis=(0, 1))
        self._scale = np.maximum(error, 1e-8)

    def window_errors(self, windows: Floats) -> Floats:
        """Squared errors [N, L], 1 where they are as usual."""
        return ((self.rebuilt(windows) - windows) ** 2 / self._scale).mean(axis=2)

    def raw_scores(self, values: Floats) -> Floats:
        """Squared errors, averaged over all windows that hold a point."""
        windows = cut(values, self.settings.window, self.settings.stride)
        return spread(self.window_errors(windows), len(values), self.settings.stride)

    def stream(self) -> Stream:
        """A point has its score when the last window that holds it is complete."""
        return _WindowStream(self)

    def errors_to_json(self) -> dict[str, Any]:
        """The channels' errors."""
        return {"scale": self._scale.tolist()}

    def errors_from_json(self, data: dict[str, Any]) -> None:
        """The channels' errors."""
        scale = np.asarray(data["scale"], float)
        if scale.shape != (self.channels,) or not (scale > 0).all():
            raise ValueError("the error model does not fit the channels")
        self._scale = scale


class _WindowStream(Stream):
    """Keeps the last window, and sums and counts of its points' errors."""

    def __init__(self, network: Autoencoder) -> None:
        self._network = network
        window = network.settings.window
        self._points: deque[Floats] = deque(maxlen=window)
        self._total, self._count = np.zeros(window), np.zeros(window)
        self._seen = 0
        # how many of the window's last points no window has held yet
        self._fresh = 0

    def push(self, point: Floats) -> list[float]:
        window, stride = self._network.settings.window, self._network.settings.stride
        self._points.append(point)
        self._seen += 1
        self._fresh += 1
        if self._seen < window or (self._seen - window) % stride:
            return []
        return self._advance(self._fresh if self._seen > window else 0)

    def _advance(self, by: int) -> list[float]:
        """Shifts the sums by so many points, which gives their scores, and adds a window."""
        done = list(self._total[:by] / np.maximum(self._count[:by], 1))
        zeros = np.zeros(by)
        self._total = np.concatenate([self._total[by:], zeros])
        self._count = np.concatenate([self._count[by:], zeros])
        self._total += self._network.window_errors(np.stack(self._points)[None])[0]
        self._count += 1
        self._fresh = 0
        return done

    def end(self) -> list[float]:
        if self._seen < self._network.settings.window:
            return [float("nan")] * self._seen
        rest = self._advance(self._fresh) if self._fresh else []
        return rest + list(self._total / self._count)


def new_learner(settings: Settings, channels: int) -> Learner:
    """The network that the settings name."""
    kind = Predictor if settings.method == "predictor" else Autoencoder
    return kind(settings, channels)
