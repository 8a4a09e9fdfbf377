"""Options for training the supernets of the relaxed search: one record, each option with its default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from eqdarts.errors import closest, explain

__all__ = ["RelaxedOptions", "relaxed_options"]

DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class RelaxedOptions:
    """Options for training the supernets of the relaxed search.

    Parameters
    ----------
    order : {1, 2}
        1: alpha follows the validation loss at the current coefficients w. 2: it is differentiated through one step of
        w.
    n_steps : int
        Number of bilevel steps of one supernet, each a step of w and a step of alpha. 50 to 200 are useful.
    n_hidden : tuple of int
        Numbers of hidden nodes of the supernets, which are trained in turn.
    n_samples : int
        Number of architectures drawn from softmax(alpha) for each restart and proposed in addition to the argmax.
    rate_w, rate_alpha : float
        Learning rates of Adam; that of w falls to a tenth along a cosine.
    temperature : tuple of float
        Temperature of the softmax at the first and at the last step, geometric in between.
    clip : float
        Largest norm of a restart's gradient.
    dtype : {"float32", "float64"}
        Type of the supernet's numbers. Its proposals are refitted in float64.
    device : str
        Device of torch on which the supernet is trained: "cpu", "cuda", "cuda:1". Refits run on the CPU.

    Raises
    ------
    ValueError
        For an option out of its range, or a device that does not exist.
    """

    order: int = 1
    n_steps: int = 100
    n_hidden: tuple[int, ...] = (1, 2, 3)
    n_samples: int = 7
    rate_w: float = 0.05
    rate_alpha: float = 0.1
    temperature: tuple[float, float] = (0.5, 0.1)
    clip: float = 1.0
    dtype: str = "float32"
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, choices in (("order", (1, 2)), ("dtype", DTYPES)):
            value = getattr(self, name)
            if value not in choices:
                todo = f"Choose {choices[0]!r} or {choices[1]!r}."
                raise ValueError(explain(f"{name} must be {choices[0]!r} or {choices[1]!r}.", repr(value), todo))
        for name, least in (("n_steps", 0), ("n_samples", 0)):
            _check_whole(name, getattr(self, name), least)
        for value in _sequence("n_hidden", self.n_hidden):
            _check_whole("n_hidden", value, 1)
        for name in ("rate_w", "rate_alpha", "clip"):
            _check_positive(name, getattr(self, name))
        for value in _sequence("temperature", self.temperature, length=2):
            _check_positive("temperature", value)
        if self.device != "cpu":
            _check_device(self.device)

    def temperature_at(self, progress: float) -> float:
        """Return the temperature when a share `progress` of the steps is done."""
        first, last = self.temperature
        return float(first * (last / first) ** progress)

    def rate_w_at(self, progress: float) -> float:
        """Return the learning rate of w when a share `progress` of the steps is done."""
        return self.rate_w * (0.55 + 0.45 * math.cos(math.pi * progress))


def relaxed_options(given: Mapping[str, Any] | RelaxedOptions | None) -> RelaxedOptions:
    """Return the options given by name; the others have their defaults.

    Raises
    ------
    ValueError
        For an unknown name, or an option out of its range.
    """
    if isinstance(given, RelaxedOptions):
        return given
    if given is None:
        return RelaxedOptions()
    if not isinstance(given, Mapping):
        raise ValueError(explain("relaxed must map options to values.", repr(given)[:80], 'Try {"order": 2}.'))
    names = [item.name for item in fields(RelaxedOptions)]
    for name in given:
        if name not in names:
            raise ValueError(explain("There is no such option of relaxed.", repr(name), closest(str(name), names)))
    plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
    return RelaxedOptions(**plain)


def _sequence(name: str, value: Any, length: int | None = None) -> tuple[Any, ...]:
    if isinstance(value, tuple) and value and length in (None, len(value)):
        return value
    wanted = "one number or more" if length is None else f"{length} numbers"
    raise ValueError(explain(f"{name} must be a tuple of {wanted}.", repr(value), "Write (1, 2), for example."))


def _check_whole(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(explain(f"{name} must be at least {least}.", value, f"Use {least} or more."))


def _check_positive(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(explain(f"{name} must be positive.", repr(value), "Use a number above 0."))


def _check_device(device: Any) -> None:
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        given = f"{device!r} ({str(error).splitlines()[0][:80]})"
        raise ValueError(explain("device must be one that torch can use here.", given, "Try 'cpu'.")) from None
