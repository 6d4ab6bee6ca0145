"""What the classes of the applications have in common, after scikit-learn's manners."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from tailrace.apps.common.files import make_folder
from tailrace.apps.common.kept import Kept
from tailrace.apps.common.settings import Record
from tailrace.apps.errors import UserError

S = TypeVar("S", bound=Record)
K = TypeVar("K", bound=Kept)


class Estimator(Generic[S]):
    """Parameters by name, those of `settings_class`.

    A subclass has `fit(...) -> Self`, which sets attributes that end in an underscore, and
    `_is_fitted`.
    """

    settings_class: type[S]

    def __init__(self, **params: Any) -> None:
        self._settings = self.settings_class.of(**params)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; there are no nested ones, so `deep` changes nothing."""
        return self._settings.to_json()

    def set_params(self, **params: Any) -> Self:
        """Changes some parameters; they hold from the next `fit` on."""
        self._settings = self.settings_class.of(**{**self._settings.to_json(), **params})
        return self

    def _is_fitted(self) -> bool:
        raise NotImplementedError

    def _check_fitted(self) -> None:
        """Raises UserError before `fit` or `load`."""
        if not self._is_fitted():
            raise UserError("the model is not fitted yet: call fit or load first")

    def __repr__(self) -> str:
        """The class and the parameters that are not the default ones."""
        default = self.settings_class().to_json()
        changed = [
            f"{name}={value!r}"
            for name, value in self._settings.to_json().items()
            if value != default[name]
        ]
        return f"{type(self).__name__}({', '.join(changed)})"


class KeptEstimator(Estimator[S], Generic[S, K]):
    """An estimator around a network that lives in model folders.

    A subclass says which, `kept_class`; its `fit` sets `_kept`.
    """

    kept_class: type[K]
    _kept: K

    @property
    def history_(self) -> list[dict[str, float]]:
        """Figures of every evaluation during training."""
        return self._fitted().history

    def save(self, folder: str | Path) -> None:
        """Writes a model folder, which `load` and the command read.

        Raises: UserError where the folder holds something already or cannot be written.
        """
        kept, path = self._fitted(), Path(folder)
        make_folder(path)
        kept.save(path)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The model of a folder. Raises: UserError where it is none or is damaged."""
        kept = cls.kept_class.load(folder)
        model = cls(**kept.settings.to_json())
        model._kept = kept
        return model

    def _is_fitted(self) -> bool:
        return hasattr(self, "_kept")

    def _fitted(self) -> K:
        self._check_fitted()
        return self._kept
