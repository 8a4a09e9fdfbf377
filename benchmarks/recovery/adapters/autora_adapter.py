"""autora-theorist-darts: differentiable architecture search, restarted with new seeds until time is up.

The best of the restarts by error on all rows is the answer. Options: any parameter of its `DARTSRegressor`.
"""

from __future__ import annotations

import logging
import time

from protocol import Request, answer  # before the library: it sets the number of threads

from autora.theorist.darts import DARTSRegressor  # isort: skip

SETTINGS = {
    "num_graph_nodes": 2,
    "batch_size": 64,
    "arch_updates_per_epoch": 10,
    "param_updates_per_epoch": 10,
    "param_updates_for_sampled_model": 300,
    "max_epochs": 20,
    "train_classifier_coefficients": True,
    "train_classifier_bias": True,
    "primitives": (
        "none", "add", "subtract", "mult", "linear", "linear_exp", "linear_ln", "linear_logistic", "linear_relu",
        "linear_tanh", "linear_cos", "linear_sin", "linear_reciprocal",
    ),
}  # fmt: skip


def fit(request: Request) -> tuple[str, list[str], int | None]:
    import numpy as np
    import torch

    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    began, best, best_error, n_fits = time.perf_counter(), "0", np.inf, 0
    while n_fits == 0 or (time.perf_counter() - began) * (1 + 1 / n_fits) < request.time_limit:
        torch.manual_seed(request.seed * 100_003 + n_fits)
        np.random.seed(request.seed * 100_003 + n_fits)  # autora draws from the global one
        n_fits += 1
        try:
            model = DARTSRegressor(**{**SETTINGS, **request.options}).fit(request.X, request.y[:, None])
            error = float(np.mean((np.ravel(model.predict(request.X)) - request.y) ** 2))
            if error < best_error:
                best, best_error = _equation(model, request.X.shape[1]), error
        except (IndexError, RuntimeError, ValueError):  # its weights became NaN
            continue
    return best, [], n_fits


def _equation(model: DARTSRegressor, n_inputs: int) -> str:
    """Return the model, which prints itself as one line for each node, as one equation."""
    import sympy

    known = {f"X{k}": sympy.Symbol(f"X{k}", real=True) for k in range(n_inputs)}
    shown = model.model_repr(input_labels=list(known), output_labels=["y"], decimals_to_display=10)
    known |= {
        "ln": sympy.log,
        "ReLU": lambda u: sympy.Max(0, u),
        "logistic": lambda u: 1 / (1 + sympy.exp(-u)),
    }
    for line in shown.splitlines()[1:]:
        name, text = line.split(" = ")
        known[name] = sympy.sympify(text, locals=known)
    return str(known["y"])


answer("autora-theorist-darts", fit)
