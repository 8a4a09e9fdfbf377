"""
Kepler's third law
==================

The orbital period of a body of the solar system depends only on the size of its orbit. Kepler needed years to find the
law; here a table of ten rows and two columns is enough.
Run it: ``python examples/plot_kepler.py [FOLDER FOR THE PICTURE]``.
"""

import os
import sys
from pathlib import Path

import pandas as pd
from matplotlib import pyplot

from eqdarts import DARTSRegressor
from eqdarts.plotting import STYLE, plot_fit, plot_front

HERE = Path(__file__).parent if "__file__" in globals() else Path.cwd()  # as a notebook: beside this file
SECONDS = float(os.environ.get("EQDARTS_EXAMPLE_SECONDS", "20"))

# %%
# Two columns: the semi-major axis in astronomical units and the period in days.
table = pd.read_csv(HERE.parent / "datasets" / "solar_system.csv")
X, y = table[["semi_major_axis_au"]], table["period_days"]

# %%
# Search, and print the law. One astronomical unit is the Earth's distance, so the constant is the Earth's year in days,
# and the exponent is 3/2.
model = DARTSRegressor(time_limit=SECONDS, random_state=0).fit(X, y)
print(model.equation_.format(6))

# %%
# The Pareto front shows the loss for each number of symbols: it stops falling at the power law.
pyplot.rcParams.update(STYLE)
figure, (left, right) = pyplot.subplots(1, 2, figsize=(7, 2.6))
plot_front(model.equations_, left)
plot_fit(model.equation_, X, y, right)
if "__file__" in globals():  # a notebook shows the figure itself
    figure.savefig((Path(sys.argv[1]) if len(sys.argv) > 1 else HERE) / "kepler.png")
