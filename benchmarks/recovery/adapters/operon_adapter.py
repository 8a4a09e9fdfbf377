"""pyoperon: multi-objective genetic programming (error and length) with Levenberg-Marquardt in every evaluation.

Options: any parameter of `pyoperon.sklearn.SymbolicRegressor`.
"""

from __future__ import annotations

import math

from protocol import Request, answer

SETTINGS = {
    "allowed_symbols": "add,sub,mul,div,constant,variable,exp,log,sin,cos,sqrt,square,tanh,asin,acos",
    "objectives": ["r2", "length"],
    "population_size": 1000,
    "pool_size": 1000,
    "max_length": 30,
    "max_depth": 10,
    "tournament_size": 5,
    "optimizer_iterations": 3,
    "epsilon": 1e-5,
    "generations": 1_000_000,
    "max_evaluations": 1_000_000_000,
    "n_threads": 1,
}
DIGITS = 17
ROUNDING = 1e-13  # of the single precision in which operon computes, as a share of the variance


def fit(request: Request) -> tuple[str, list[str], int | None]:
    import numpy as np
    from pyoperon.sklearn import SymbolicRegressor

    settings = {**SETTINGS, "max_time": max(round(request.time_limit), 1), **request.options}
    model = SymbolicRegressor(**settings, random_state=request.seed + 1).fit(request.X, request.y)
    n, variance = len(request.y), float(np.var(request.y))

    def length_of_description(member: dict) -> float:
        error = member["mean_squared_error"] / variance
        if not math.isfinite(error):
            return math.inf
        return n / 2 * math.log(max(error, ROUNDING)) + member["complexity"] / 2 * math.log(n)

    front = sorted(model.pareto_front_, key=length_of_description)
    names = [f"X{k}" for k in range(request.X.shape[1])]
    texts = [model.get_model_string(member["tree"], DIGITS, names) for member in front]
    return texts[0], texts[::-1], int(model.stats_["residual_evaluations"])


if __name__ == "__main__":
    answer("pyoperon", fit)
