"""gplearn: classical genetic programming, without fitted constants; run generation by generation until time is up.

Options: any parameter of `gplearn.genetic.SymbolicRegressor`.
"""

from __future__ import annotations

import time

from protocol import Request, answer

SETTINGS = {
    "population_size": 1000,
    "function_set": ("add", "sub", "mul", "div", "sqrt", "log", "neg", "inv", "sin", "cos", "exp", "tanh"),
    "parsimony_coefficient": 0.001,
    "metric": "rmse",
    "const_range": (-5.0, 5.0),
    "stopping_criteria": 1e-10,
    "p_crossover": 0.8,
    "p_subtree_mutation": 0.05,
    "p_hoist_mutation": 0.02,
    "p_point_mutation": 0.1,
    "n_jobs": 1,
}
SYMPY = {  # gplearn's protected functions, as what they are away from their edges
    "add": "({0}+{1})", "sub": "({0}-{1})", "mul": "({0}*{1})", "div": "({0}/({1}))", "sqrt": "sqrt(Abs({0}))",
    "log": "log(Abs({0}))", "neg": "(-({0}))", "inv": "(1/({0}))", "abs": "Abs({0})", "sin": "sin({0})",
    "cos": "cos({0})", "tan": "tan({0})", "exp": "exp({0})", "tanh": "tanh({0})",
}  # fmt: skip


def fit(request: Request) -> tuple[str, list[str], int | None]:
    import numpy as np
    from gplearn.functions import make_function
    from gplearn.genetic import SymbolicRegressor

    def exponential(x):  # type: ignore[no-untyped-def]
        with np.errstate(over="ignore"):
            return np.where(np.abs(x) < 100, np.exp(np.clip(x, -100, 100)), 0.0)

    own = {
        "exp": make_function(function=exponential, name="exp", arity=1),
        "tanh": make_function(function=np.tanh, name="tanh", arity=1),
    }
    settings = {**SETTINGS, **request.options}
    settings["function_set"] = [own.get(name, name) for name in settings["function_set"]]
    scale = float(np.std(request.y))
    began, generations = time.perf_counter(), 1
    model = SymbolicRegressor(**settings, generations=generations, random_state=request.seed, warm_start=True)
    while True:
        model.fit(request.X, request.y)
        spent = time.perf_counter() - began
        fitness = model.run_details_["best_fitness"][-1]
        if spent * (1 + 1 / generations) > request.time_limit or fitness < 1e-10 * scale:
            break
        generations += 1
        model.set_params(generations=generations)
    return _text(model._program), [], generations * settings["population_size"]


def _text(program) -> str:  # type: ignore[no-untyped-def]
    """Return gplearn's prefix list as infix text."""
    nodes = iter(program.program)

    def read() -> str:
        node = next(nodes)
        if isinstance(node, int):
            return f"X{node}"
        if isinstance(node, float):
            return f"({node!r})"
        return SYMPY[node.name].format(*[read() for _ in range(node.arity)])

    return read()


answer("gplearn", fit)
