"""
Vapour pressure of mercury
==========================

Between 0 and 360 degrees Celsius the vapour pressure of mercury grows by a factor of four million. Its logarithm
follows Antoine's law, log p = A - B / (C + T).
Run it: ``python examples/plot_mercury_vapour.py [FOLDER FOR THE PICTURE]``.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import pyplot

from eqdarts import DARTSRegressor, Equation
from eqdarts.plotting import STYLE, plot_fit, plot_residuals

HERE = Path(__file__).parent if "__file__" in globals() else Path.cwd()  # as a notebook: beside this file
SECONDS = float(os.environ.get("EQDARTS_EXAMPLE_SECONDS", "20"))

# %%
# The measurements are as precise, relatively, at low as at high pressure, so the target is the logarithm.
table = pd.read_csv(HERE.parent / "datasets" / "pressure.csv")
X, y = table[["temperature"]], np.log(table["pressure"]).rename("log_pressure")

# %%
# Discover a law. Few primitives are enough: the search may still build 1 / (C + T) from a sum and a reciprocal.
model = DARTSRegressor("minimal", max_complexity=12, time_limit=SECONDS, random_state=0).fit(X, y)
print("discovered:", model.equation_.format(5))

# %%
# Antoine's law, fitted by the same solver, for comparison.
antoine = Equation.parse("A - B/(C + temperature)", target="log_pressure").fit(X, y, start=[20, 7000, 270])
print("Antoine:   ", antoine.format(5))
for name, equation in (("discovered", model.equation_), ("Antoine", antoine)):
    print(
        f"{name}: mean squared residual {((equation.predict(X) - y) ** 2).mean():.2g}, complexity {equation.complexity}"
    )

pyplot.rcParams.update(STYLE)
figure, (left, right) = pyplot.subplots(1, 2, figsize=(7, 2.6))
plot_fit(model.equation_, X, y, left)
plot_residuals(model.equation_, X, y, right)
if "__file__" in globals():  # a notebook shows the figure itself
    figure.savefig((Path(sys.argv[1]) if len(sys.argv) > 1 else HERE) / "mercury_vapour.png")
