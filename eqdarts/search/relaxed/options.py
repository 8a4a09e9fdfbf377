"""Options for training the supernets of the relaxed search: one record, each option with its default."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from eqdarts.errors import closest, explain

__all__ = ["RelaxedOptions", "relaxed_options"]

ORDERS = ("first", "second", "implicit")
NUMBERED: dict[Any, str] = {1: "first", 2: "second"}
DTYPES = ("float32", "float64")
SHRINKS = ((0.6, 1), (0.3, 2))  # shares of the steps from which this many choices are left on every edge


@dataclass(frozen=True)
class RelaxedOptions:
    """Options for training the supernets of the relaxed search.

    Parameters
    ----------
    order : {"first", "second", "implicit"}
        "first": alpha follows the validation loss at the current coefficients w. "second": it is differentiated through
        one step of w. "implicit": w is solved for, and alpha follows the gradient by the implicit-function theorem.
    n_steps : int
        Number of bilevel steps of one supernet, each a step of w and a step of alpha. 50 to 200 are useful.
    n_hidden : tuple of int
        Numbers of hidden nodes of the supernets, which are trained in turn.
    n_samples : int
        Number of architectures drawn from softmax(alpha) for each restart and proposed in addition to the argmax.
    n_active : int
        Number of primitives that each edge of each restart may choose from, drawn by how common they are. As the
        supernet is trained, two choices are left, and then one.
    n_inner : int
        Levenberg-Marquardt steps of w in each step of the order "implicit".
    ridge : float
        Penalty on w with the order "implicit": without one, w would undo what alpha does to a sum.
    price : float
        What a symbol costs alpha, as a multiple of its price in the choice of the equation.
    rate_w, rate_alpha : float
        Learning rates of Adam; that of w falls to a tenth along a cosine.
    temperature : tuple of float
        Temperature of the softmax at the first and at the last step, geometric in between.
    clip : float
        Largest norm of a restart's gradient.
    dtype : {"float32", "float64"}
        Type of the numbers where torch trains the supernet: on a device, and with functions of your own. Compiled code
        on the CPU uses float64, and so do all refits.
    device : str
        Device of torch on which the supernet is trained: "cpu", "cuda", "cuda:1". Refits run on the CPU.

    Raises
    ------
    ValueError
        For an option out of its range, or a device that does not exist.
    """

    order: str = "first"
    n_steps: int = 60
    n_hidden: tuple[int, ...] = (1, 2, 3)
    n_samples: int = 4
    n_active: int = 4
    n_inner: int = 2
    ridge: float = 1e-3
    price: float = 0.0
    rate_w: float = 0.05
    rate_alpha: float = 0.1
    temperature: tuple[float, float] = (0.5, 0.1)
    clip: float = 1.0
    dtype: str = "float32"
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name, choices in (("order", ORDERS), ("dtype", DTYPES)):
            value = getattr(self, name)
            if value not in choices:
                listed = f"{', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}"
                raise ValueError(explain(f"{name} must be {listed}.", repr(value), closest(str(value), choices)))
        for name, least in (("n_steps", 0), ("n_samples", 0), ("n_active", 1), ("n_inner", 1)):
            _check_whole(name, getattr(self, name), least)
        for value in _sequence("n_hidden", self.n_hidden):
            _check_whole("n_hidden", value, 1)
        for name in ("rate_w", "rate_alpha", "clip", "ridge"):
            _check_positive(name, getattr(self, name))
        if self.price != 0:
            _check_positive("price", self.price)
        for value in _sequence("temperature", self.temperature, length=2):
            _check_positive("temperature", value)
        if self.device != "cpu":
            _check_device(self.device)

    def temperature_at(self, progress: float) -> float:
        """Return the temperature when a share `progress` of the steps is done."""
        first, last = self.temperature
        return float(first * (last / first) ** progress)

    def choices_at(self, progress: float) -> int:
        """Return how many choices an edge has, the absent edge among them, when a share `progress` is done."""
        return next((n for share, n in SHRINKS if progress >= share), self.n_active + 1)

    def rate_w_at(self, progress: float) -> float:
        """Return the learning rate of w when a share `progress` of the steps is done."""
        return self.rate_w * (0.55 + 0.45 * math.cos(math.pi * progress))


def relaxed_options(given: Any) -> RelaxedOptions:
    """Return the options given by name, or by the order alone; the others have their defaults.

    Raises
    ------
    ValueError
        For an unknown name, or an option out of its range.
    """
    if isinstance(given, RelaxedOptions):
        return given
    if given is None:
        return RelaxedOptions()
    if isinstance(given, str):
        return RelaxedOptions(order=given)
    if not isinstance(given, Mapping):
        todo = 'Try "second", or {"order": "second", "n_steps": 100}.'
        raise ValueError(explain("relaxed must be an order, or map options to values.", repr(given)[:80], todo))
    names = [item.name for item in fields(RelaxedOptions)]
    for name in given:
        if name not in names:
            raise ValueError(explain("There is no such option of relaxed.", repr(name), closest(str(name), names)))
    plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}
    if "order" in plain and isinstance(plain["order"], int):
        plain["order"] = NUMBERED.get(plain["order"], plain["order"])
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
