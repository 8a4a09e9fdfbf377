"""
Michaelis-Menten kinetics
=========================

The rate of an enzymatic reaction depends on the concentration of the substrate: rate = Vm conc / (K + conc). The table
has twelve measurements of cells treated with puromycin.
Run it: ``python examples/plot_michaelis_menten.py [FOLDER FOR THE PICTURE]``.
"""

import os
import sys
from pathlib import Path

import pandas as pd
from matplotlib import pyplot

from eqdarts import DARTSRegressor, Equation
from eqdarts.plotting import STYLE, plot_fit, plot_residuals

HERE = Path(__file__).parent if "__file__" in globals() else Path.cwd()  # as a notebook: beside this file
SECONDS = float(os.environ.get("EQDARTS_EXAMPLE_SECONDS", "20"))

table = pd.read_csv(HERE.parent / "datasets" / "puromycin.csv")
treated = table[table["state"] == "treated"]
X, y = treated[["conc"]], treated["rate"]

# %%
# Discover a law. A logarithm fits these twelve rows equally well, but it has no limit at zero or at infinity, and an
# enzyme has. The choice of primitives expresses this knowledge. With reciprocals only, every equation is a ratio of
# polynomials.
model = DARTSRegressor(["reciprocal"], max_complexity=15, max_refits=500, time_limit=SECONDS, random_state=0).fit(X, y)
for equation in model.front_:
    print("front:     ", equation.format(4))
law = model.equation_

# %%
# Fit the law that biochemists expect by the same solver, to compare. R's documentation gives Vm = 212.7 and K = 0.0641.
expected = Equation.parse("Vm*conc/(K + conc)", target="rate").fit(X, y)
print("expected:  ", expected.format(4), expected.coefficients)
for name, equation in (("discovered", law), ("expected", expected)):
    print(
        f"{name}: mean squared residual {((equation.predict(X) - y) ** 2).mean():.1f}, complexity {equation.complexity}"
    )

pyplot.rcParams.update(STYLE)
figure, (left, right) = pyplot.subplots(1, 2, figsize=(7, 2.6))
plot_fit(law, X, y, left)
plot_residuals(law, X, y, right)
if "__file__" in globals():  # a notebook shows the figure itself
    figure.savefig((Path(sys.argv[1]) if len(sys.argv) > 1 else HERE) / "michaelis_menten.png")
