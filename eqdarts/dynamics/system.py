"""A system of differential equations: right-hand sides, trajectories, and the text in several languages."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.integrate import LSODA, Radau

from eqdarts._typing import Array
from eqdarts.arrays import as_floats, finite
from eqdarts.dynamics.trajectories import Trajectories, velocity_name
from eqdarts.equation.equation import Equation
from eqdarts.errors import EqdartsWarning, explain, level_of_caller, visible
from eqdarts.export.names import C_WORDS, identifiers
from eqdarts.expression.latex import latex_name
from eqdarts.expression.program import Program, compile_expression, steps_in_numpy

if TYPE_CHECKING:
    from eqdarts.dynamics.torch_system import SystemModule

__all__ = ["System", "speed_name"]

SOLVERS = {"LSODA": LSODA, "Radau": Radau}  # the second where the first gives up
RTOL, ATOL = 1e-10, 1e-12  # the second as a share of the largest first state
STALLED = 1e-11  # step of a solver, as a share of all times, that shows a pole
MOST_STEPS, FOR_A_TIME = 5_000, 100  # of a solver in one trajectory


@dataclass(frozen=True, eq=False)
class System:
    """A system of differential equations.

    Parameters
    ----------
    equations : tuple of Equation
        The right-hand side of each state, in the names of states, velocities, inputs and time.
    states, inputs : tuple of str
    time : str
    order : int
        1, or 2 if the right-hand sides are accelerations. Then the velocity of the state x is x_dot, and wherever
        numbers of states are wanted or returned, the velocities follow the positions.
    """

    equations: tuple[Equation, ...]
    states: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    time: str = "t"
    order: int = 1

    @property
    def flow_names(self) -> tuple[str, ...]:
        """The states, followed by their velocities if the order is two."""
        return (*self.states, *map(velocity_name, self.states)) if self.order == 2 else self.states

    @classmethod
    def parse(cls, sides: Mapping[str, str], inputs: Sequence[str] = (), time: str = "t", order: int = 1) -> System:
        """Read a system from the text of its right-hand sides.

        Examples
        --------
        >>> System.parse({"x": "v", "v": "-4.0*x"}).format()
        'dx/dt = v\\ndv/dt = -4*x'
        >>> System.parse({"x": "-4.0*x - 0.1*x_dot"}, order=2).format()
        'd2x/dt2 = -4*x - 0.1*x_dot'
        """
        empty = cls((), tuple(sides), tuple(inputs), time, order)
        names = (*empty.flow_names, *inputs, time)
        found = (Equation.parse(text, names, speed_name(state, time, order)) for state, text in sides.items())
        return replace(empty, equations=tuple(found))

    # --- numbers ---

    def rates(self, states: Any, inputs: Any = None, t: Any = None) -> Array:
        """Return the right-hand sides (n, d) at states, inputs (n, q) and times (n,); NaN where undefined.

        The states are an array (n, d); of order two (n, 2 d), with the velocities after the positions.
        """
        x = np.atleast_2d(as_floats(states, "states"))
        if x.shape[1] != len(self.flow_names):
            todo = f"Give {', '.join(self.flow_names)}."
            raise ValueError(explain("The states must have a column each.", f"shape {x.shape}", todo))
        columns = dict(zip(self.flow_names, x.T, strict=True))
        u = np.zeros((len(x), 0)) if inputs is None else as_floats(inputs, "inputs").reshape(len(x), -1)
        columns |= dict(zip(self.inputs, u.T, strict=False))
        columns[self.time] = np.zeros(len(x)) if t is None else np.broadcast_to(as_floats(t, "t"), (len(x),))
        used = {name for equation in self.equations for name in map(str, equation.expr.free_symbols)}
        if missing := used - set(columns):
            got = f"no values of {', '.join(sorted(missing))}"
            raise ValueError(explain("The right-hand sides need their inputs.", got, "Give inputs=."))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", EqdartsWarning)
            return np.column_stack([equation.predict(columns) for equation in self.equations])

    @cached_property
    def _programs(self) -> tuple[Program, ...]:
        return tuple(compile_expression(equation.expr) for equation in self.equations)

    def _side(self, inputs: Callable[[float], Array]) -> Callable[[float, Array], list[float]]:
        """Return the right-hand side as SciPy calls it."""
        names = (*self.flow_names, *self.inputs, self.time)
        n_known = len(self.flow_names) - len(self.states)

        def side(t: float, x: Array) -> list[float]:
            now = x.tolist()
            values = dict(zip(names, (*now, *inputs(t), t), strict=True))
            return [*now[len(now) - n_known :], *(_number(program, values) for program in self._programs)]

        return side

    def simulate(self, x0: Any, t: Any, u: Any = None) -> Array:
        """Return the states (n, d) at times t.

        Parameters
        ----------
        x0 : mapping or array of shape (d,)
            The states at the first time; of order two (2 d,), with the velocities after the positions.
        t : array of shape (n,)
            Times that increase.
        u : callable or array of shape (n, q), optional
            The inputs: ``u(t)``, or their values at the times, which are then linear between them.

        Returns
        -------
        ndarray of shape (n, d)
            Of order two (n, 2 d). NaN, with a warning, from where the system cannot be integrated any further.
        """
        times, start = self._checked_start(x0, t)
        inputs = self._inputs(u, times)
        longest = np.inf if callable(u) or not self.inputs else float(np.diff(times).min())
        found = np.full((len(times), len(start)), np.nan)
        found[0] = start
        if len(times) == 1:
            return found
        for solver in SOLVERS:
            path, stalls = self._integrated(solver, inputs, times, start, longest)
            if np.isfinite(path).sum() > np.isfinite(found).sum():
                found = path
            if np.isfinite(found).all():
                return found
            if stalls:  # at a pole, which no solver passes
                break
        until = times[int(np.isfinite(found).all(axis=1).sum()) - 1]
        words = f"The system can be integrated up to {self.time} = {until:.6g} only; later states are NaN."
        warnings.warn(words, EqdartsWarning, stacklevel=level_of_caller())
        return found

    def _integrated(
        self, solver: str, inputs: Callable[[float], Array], times: Array, start: Array, longest: float
    ) -> tuple[Array, bool]:
        """Return the states at the times, NaN where the solver did not come, and whether its steps vanish."""
        found = np.full((len(times), len(start)), np.nan)
        found[0] = start
        atol = ATOL * (float(np.abs(start).max()) or 1.0)
        done, stalls = 1, False
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # of LSODA, about steps that are too small
            try:
                path = SOLVERS[solver](
                    self._side(inputs), times[0], start, times[-1], rtol=RTOL, atol=atol, max_step=longest
                )
                for _ in range(MOST_STEPS + FOR_A_TIME * len(times)):
                    path.step()
                    stalls = path.t - path.t_old < STALLED * (times[-1] - times[0])
                    if path.status == "failed" or stalls or not np.isfinite(path.y).all():
                        break
                    last = int(np.searchsorted(times, path.t, side="right"))
                    if last > done:
                        found[done:last] = path.dense_output()(times[done:last]).T
                        done = last
                    if path.status == "finished":
                        break
            except (ValueError, ArithmeticError, RuntimeError, np.linalg.LinAlgError):
                return found, False
        return found, stalls

    def _checked_start(self, x0: Any, t: Any) -> tuple[Array, Array]:
        if isinstance(x0, Mapping):
            if set(x0) != set(self.flow_names):
                todo = f"Give {', '.join(self.flow_names)}."
                raise ValueError(explain("x0 must have a value for each state.", ", ".join(map(str, x0)), todo))
            x0 = [x0[name] for name in self.flow_names]
        start = finite(as_floats(x0, "x0"), "x0")
        if start.shape != (len(self.flow_names),):
            todo = f"The states are {', '.join(self.flow_names)}."
            raise ValueError(explain("x0 must have one number for each state.", f"shape {start.shape}", todo))
        times = finite(np.atleast_1d(as_floats(t, "t")), "t")
        if times.ndim != 1 or not len(times) or (np.diff(times) <= 0).any():
            raise ValueError(explain("The times must increase.", f"shape {times.shape}", "Sort them."))
        return times, start

    def _inputs(self, u: Any, times: Array) -> Callable[[float], Array]:
        """Return the inputs as a function of time."""
        if not self.inputs:
            return lambda t: np.zeros(0)
        if callable(u):
            return lambda t: np.atleast_1d(np.asarray(u(t), dtype=np.float64))
        if u is None:
            got = f"no values of {', '.join(self.inputs)}"
            raise ValueError(explain("The right-hand sides need their inputs.", got, "Give u=."))
        values = finite(as_floats(u, "u"), "u").reshape(len(times), -1)
        if values.shape[1] != len(self.inputs):
            todo = f"The inputs are {', '.join(self.inputs)}."
            raise ValueError(explain("u must have a column for each input.", f"shape {values.shape}", todo))
        return lambda t: np.array([np.interp(t, times, column) for column in values.T])

    def simulated(self, data: Trajectories, starts: Sequence[Array]) -> Array:
        """Return the states (n, d) of all runs, each from its own start."""
        paths = [
            self.simulate(start, part.t, part.inputs if self.inputs else None)
            for part, start in zip(data.parts, starts, strict=True)
        ]
        return np.concatenate(paths)

    # --- text ---

    def left(self, state: str) -> str:
        """Return the left-hand side of the equation of a state."""
        return speed_name(state, self.time, self.order)

    def format(self, digits: int | None = None) -> str:
        """Return the equations as text, one on each line."""
        return "\n".join(self._lines(digits))

    def _lines(self, digits: int | None) -> Iterator[str]:
        for state, equation in zip(self.states, self.equations, strict=True):
            text = replace(equation, target=None).format(digits)
            yield visible(f"{speed_name(state, self.time, self.order)} = {text}")

    def __str__(self) -> str:
        return self.format()

    def latex(self, digits: int | None = None) -> str:
        """Return the equations as LaTeX, aligned at their equals signs."""
        lines = []
        for state, equation in zip(self.states, self.equations, strict=True):
            power = "" if self.order == 1 else "^2"
            left = rf"\frac{{d{power} {latex_name(state)}}}{{d {latex_name(self.time)}{power}}}"
            lines.append(f"{left} &= {replace(equation, target=None).latex(digits)}")
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def to_c_source(self, name: str = "rates") -> str:
        """Return C99 source of ``void rates(double t, const double *x, const double *u, double *dx)``."""
        variables = (*self.flow_names, *self.inputs, self.time)
        own = identifiers([f"{name}_{state}" for state in self.states], C_WORDS)
        parts = ["#include <math.h>\n"]
        for function, equation in zip(own, self.equations, strict=True):
            source = replace(equation, variables=variables, target=None).to_c_source(function)
            helpers, body = source.replace("#include <math.h>\n", "").strip().rsplit(f"double {function}(", 1)
            parts.append(f"{helpers}static double {function}({body}\n")
        given = [f"x[{k}]" for k in range(len(self.flow_names))]
        shift = len(self.flow_names) - len(self.states)
        known = [f"    dx[{k}] = x[{k + shift}];" for k in range(shift)]
        given += [f"u[{k}]" for k in range(len(self.inputs))]
        calls = [f"    dx[{k + shift}] = {function}({', '.join([*given, 't'])});" for k, function in enumerate(own)]
        head = f"void {name}(double t, const double *x, const double *u, double *dx)"
        unused = [] if self.inputs else ["    (void)u;"]
        return "\n".join([*parts, head, "{", *unused, *known, *calls, "}"]) + "\n"

    def to_torch(self) -> SystemModule:
        """Return a torch module: ``module(t, x, u=None)`` maps states (..., d) to their rates (..., d)."""
        from eqdarts.dynamics.torch_system import SystemModule

        names = (*self.flow_names, *self.inputs, self.time)
        sides = [replace(equation, variables=names).to_torch() for equation in self.equations]
        return SystemModule(sides, len(self.inputs), len(self.flow_names) - len(self.states))


def speed_name(state: str, time: str, order: int = 1) -> str:
    """Return how the rate of a state, or its acceleration, is written.

    >>> speed_name("S", "t"), speed_name("x0", "time", 2)
    ('dS/dt', 'd2x0/dt2')
    """
    return f"d{state}/dt" if order == 1 else f"d2{state}/dt2"


def _number(program: Program, values: Mapping[str, float]) -> float:
    try:
        return float(steps_in_numpy(program, values)[-1])
    except (ZeroDivisionError, OverflowError, TypeError):  # of Python's floats, where numpy has NaN
        return float("nan")
