"""
Weber-Fechner law
=================

A stimulus is felt in proportion to the logarithm of its strength over a threshold: sensation = k log(stimulus /
threshold). The data are generated here: k = 0.8, threshold = 0.35, normal noise of standard deviation 0.02, seed 1.
Run it: ``python examples/plot_weber.py [FOLDER FOR THE PICTURE]``.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot

from eqdarts import DARTSRegressor
from eqdarts.plotting import STYLE, plot_fit, plot_front

HERE = Path(__file__).parent if "__file__" in globals() else Path.cwd()  # as a notebook: beside this file
SECONDS = float(os.environ.get("EQDARTS_EXAMPLE_SECONDS", "20"))

rng = np.random.default_rng(1)
X = pd.DataFrame({"stimulus": rng.uniform(0.5, 10.0, 100)})
y = (0.8 * np.log(X["stimulus"] / 0.35) + rng.normal(scale=0.02, size=100)).rename("sensation")

# %%
# Functions that psychologists use: logarithm, power, exponential, logistic and similar ones.
model = DARTSRegressor("psychology", max_complexity=15, time_limit=SECONDS, random_state=0).fit(X, y)
print(model.equation_.format(4))
print(f"the law of the data: sensation = 0.8*log(stimulus) + {-0.8 * np.log(0.35):.4f}")

# %%
# The front: beyond the logarithm, more symbols hardly reduce the loss.
pyplot.rcParams.update(STYLE)
figure, (left, right) = pyplot.subplots(1, 2, figsize=(7, 2.6))
plot_front(model.equations_, left)
plot_fit(model.equation_, X, y, right)
if "__file__" in globals():  # a notebook shows the figure itself
    figure.savefig((Path(sys.argv[1]) if len(sys.argv) > 1 else HERE) / "weber.png")
