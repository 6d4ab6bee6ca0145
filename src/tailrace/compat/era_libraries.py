"""Names that other libraries had when TensorFlow 1 programs were written, and have no more.

Put back for the process of `tailrace run` alone, when the program imports the library. Only names
whose meaning a present one gives, with the same results; of what changed its meaning nothing is
put back, so that the library's own error says so.

Sources: release notes of SciPy 1.0 to 1.14, Pillow 10, scikit-learn 0.20 and 0.23, pandas 0.25,
1.0 and 2.0, Matplotlib 3.0 to 3.9.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def _add(target: Any, names: dict[str, Any]) -> None:
    for name, value in names.items():
        if not hasattr(target, name):
            setattr(target, name, value)


def _scipy_misc(module: Any) -> None:
    from scipy import special

    from tailrace.compat import era_pictures

    pictures = ["bytescale", "fromimage", "imread", "imresize", "imrotate", "imsave", "toimage"]
    _add(module, {name: getattr(era_pictures, name) for name in pictures})
    numbers = ["comb", "factorial", "factorial2", "factorialk", "logsumexp"]
    _add(module, {name: getattr(special, name) for name in numbers})


def _scipy_sparse(module: Any) -> None:
    dense = property(lambda self: self.toarray(), doc="The matrix as an array.")
    adjoint = property(lambda self: self.conj().T, doc="The conjugate transpose.")
    _add(module.spmatrix, {"A": dense, "H": adjoint})


def _scipy_signal(module: Any) -> None:
    windows = ["bartlett", "blackman", "boxcar", "gaussian", "hamming", "hann", "kaiser", "triang"]
    _add(module, {name: getattr(module.windows, name) for name in windows})


def _scipy_integrate(module: Any) -> None:
    _add(
        module,
        {
            "cumtrapz": module.cumulative_trapezoid,
            "simps": module.simpson,
            "trapz": module.trapezoid,
        },
    )


def _pillow_image(module: Any) -> None:
    _add(module, {"ANTIALIAS": module.Resampling.LANCZOS})


def _sklearn_externals(module: Any) -> None:
    _add(module, {"joblib": import_module("joblib")})


def _pandas(module: Any) -> None:
    def append(self: Any, other: Any, ignore_index: bool = False, **options: Any) -> Any:
        """This and after it the rows of `other`, a frame, a series or a list of them."""
        if isinstance(self, module.DataFrame) and isinstance(other, dict):
            other = module.Series(other)
        if isinstance(self, module.DataFrame) and isinstance(other, module.Series):
            if other.name is None and not ignore_index:
                raise TypeError("Can only append a Series if ignore_index=True or it has a name")
            other = other.to_frame().T
        others = other if isinstance(other, list | tuple) else [other]
        return module.concat([self, *others], ignore_index=ignore_index, **options)

    values = {"as_matrix": lambda self: self.values, "get_values": lambda self: self.values}
    shared = {"append": append, "iteritems": lambda self: self.items(), **values}
    _add(module.DataFrame, shared)
    _add(module.Series, shared)


def _pyplot(module: Any) -> None:
    def hold(b: bool | None = None) -> None:
        """Pictures are drawn over one another, always."""
        if b is False:
            raise ValueError("Matplotlib cannot hold(False) any more: call cla() before each plot")

    _add(module, {"hold": hold})


def _matplotlib(module: Any) -> None:
    maps = module.colormaps

    def get_cmap(name: Any = None, lut: int | None = None) -> Any:
        """The colours of that name, as `lut` steps."""
        return maps.get_cmap(name) if lut is None else maps.get_cmap(name).resampled(lut)

    _add(module.cm, {"get_cmap": get_cmap})
    if "spectral" not in maps:
        maps.register(maps["nipy_spectral"], name="spectral")


def _styles(module: Any) -> None:
    for name in [name for name in module.library if name.startswith("seaborn-v0_8")]:
        module.library.setdefault(name.replace("-v0_8", ""), module.library[name])


def _figures(module: Any) -> None:
    present = module.Figure.gca

    @functools.wraps(present)
    def gca(self: Any, **options: Any) -> Any:
        return self.add_subplot(**options) if options else present(self)

    module.Figure.gca = gca


def _axes(module: Any) -> None:
    present = module.Axes.hist

    @functools.wraps(present)
    def hist(self: Any, *args: Any, normed: bool | None = None, **options: Any) -> Any:
        if normed:
            options["density"] = True
        return present(self, *args, **options)

    module.Axes.hist = hist


def _cgi(module: Any) -> None:
    html, parse = import_module("html"), import_module("urllib.parse")
    escape = functools.partial(html.escape, quote=False)
    _add(module, {"escape": escape, "parse_qs": parse.parse_qs, "parse_qsl": parse.parse_qsl})


# module -> what puts its names back
_RESTORED: dict[str, Callable[[Any], None]] = {
    "PIL.Image": _pillow_image,
    "cgi": _cgi,
    "matplotlib": _matplotlib,
    "matplotlib.axes": _axes,
    "matplotlib.figure": _figures,
    "matplotlib.pyplot": _pyplot,
    "matplotlib.style": _styles,
    "pandas": _pandas,
    "scipy.integrate": _scipy_integrate,
    "scipy.misc": _scipy_misc,
    "scipy.signal": _scipy_signal,
    "scipy.sparse": _scipy_sparse,
    "sklearn.externals": _sklearn_externals,
}

# module that is gone -> module that has its names now; None for one of restored names only
_MOVED: dict[str, str | None] = {
    "scipy.misc": None,
    "sklearn.cross_validation": "sklearn.model_selection",
    "sklearn.datasets.samples_generator": "sklearn.datasets",
    "sklearn.externals.joblib": "joblib",
    "sklearn.grid_search": "sklearn.model_selection",
    "sklearn.learning_curve": "sklearn.model_selection",
}


class _Restoring:
    """A loader that puts a module's names back when it has been loaded."""

    def __init__(self, name: str, loader: Any) -> None:
        self._restore = _RESTORED[name]
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """What the module's own loader makes."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Loads it, then puts the names back."""
        self._loader.exec_module(module)
        self._restore(module)


class _Renamed:
    """A loader of a module that is gone, with the names of the one that took its place."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's own kind of module."""

    def exec_module(self, module: ModuleType) -> None:
        """Takes over the names."""
        present = _MOVED[module.__name__]
        if present is not None:
            names = vars(import_module(present)).items()
            vars(module).update({k: v for k, v in names if not k.startswith("__")})
        if module.__name__ in _RESTORED:
            _RESTORED[module.__name__](module)


class LibraryFinder:
    """Finder of the modules above: where they are, but with the names of the time."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module comes from; None for all others."""
        if name not in _RESTORED and name not in _MOVED:
            return None
        spec = _present(name, path, target)
        if spec is None and name in _MOVED:
            moved: Any = _Renamed()
            return ModuleSpec(name, moved)
        if spec is not None and name in _RESTORED:
            restoring: Any = _Restoring(name, spec.loader)
            spec.loader = restoring
        return spec


def _present(name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    others = (finder for finder in sys.meta_path if finder is not LibraryFinder)
    found = (finder.find_spec(name, path, target) for finder in others)
    return next((spec for spec in found if spec is not None), None)


def restore_libraries() -> None:
    """From here on these libraries have the names of the time, loaded already or not."""
    finders: list[Any] = sys.meta_path
    if LibraryFinder in finders:
        return
    finders.insert(0, LibraryFinder)
    for name, restore in _RESTORED.items():
        if name in sys.modules:
            restore(sys.modules[name])
