"""The two losses of the bilevel problem."""

from __future__ import annotations

import numpy as np
import torch

from eqdarts.data import Data
from eqdarts.primitives.table import resolve
from eqdarts.search.relaxed.steps import (
    Bilevel,
    make_bilevel,
    training_loss,
    validation_loss,
)
from eqdarts.search.relaxed.supernet import admissible, initial_parameters, make_supernet
from eqdarts.search.relaxed.supernet_values import hidden_values, output_weights, place_rows, predictions
from tests.search.relaxed.tables import product_data


def _problem(
    data: Data, n_hidden: int = 2, n_restarts: int = 4, names: str | list[str] = "minimal"
) -> tuple[Bilevel, torch.Tensor, torch.Tensor]:
    net = make_supernet(data.n_inputs, n_hidden, resolve(names))
    w, alpha = initial_parameters(net, n_restarts, np.random.default_rng(1), admissible(net, data.X))
    return make_bilevel(net, data, torch.float64, "cpu"), w, alpha


def test_losses_are_weighted_shares_of_the_variance() -> None:
    data = product_data()
    problem, w, alpha = _problem(data)
    z = {
        name: hidden_values(problem.net, w, alpha, place_rows(problem.net, data.X[rows], torch.float64, "cpu"), 0.7)
        for name, rows in (("train", data.train), ("validation", data.validation))
    }
    y_train, weight_train = torch.as_tensor(data.y[data.train]), torch.as_tensor(data.weight[data.train])
    c = output_weights(z["train"], y_train, weight_train)
    for loss, name, rows in (
        (training_loss, "train", data.train),
        (validation_loss, "validation", data.validation),
    ):
        squared = (predictions(z[name], c).numpy() - data.y[rows]) ** 2
        expected = np.average(squared, axis=1, weights=data.weight[rows]) / data.variance
        np.testing.assert_allclose(loss(problem, w, alpha, 0.7).numpy(), expected, rtol=1e-8)
