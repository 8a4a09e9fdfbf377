"""
Differential equations of an epidemic
=====================================

Two outbreaks were counted with errors, at different times. The law is in the rates, which nobody measured.
Run it: ``python examples/plot_epidemic.py [FOLDER FOR THE PICTURE]``.
"""

import os
import sys
from pathlib import Path

import numpy as np
from matplotlib import pyplot

from eqdarts import ODERegressor
from eqdarts.dynamics import System
from eqdarts.plotting import STYLE

HERE = Path(__file__).parent if "__file__" in globals() else Path.cwd()  # as a notebook: beside this file
SECONDS = float(os.environ.get("EQDARTS_EXAMPLE_SECONDS", "20"))

# %%
# Susceptible and infected people, in thousands, of two towns: simulated, with errors of 3 % of their spread.
truth = System.parse({"S": "-0.4*S*I", "I": "0.4*S*I - 0.3*I"})
times = [np.linspace(0, 9, 60), np.linspace(0, 12, 45)]
exact = [truth.simulate(start, t) for start, t in zip(([7.2, 1.0], [4.0, 0.2]), times, strict=True)]
rng = np.random.default_rng(0)
measured = [x + 0.03 * x.std(axis=0) * rng.standard_normal(x.shape) for x in exact]

# %%
# Search, and print the system. The flux that leaves S and enters I is one term.
model = ODERegressor(time_limit=SECONDS, random_state=0).fit(measured, t=times, states=["S", "I"])
print(model.system_, *model.structure_, sep="\n")

# %%
# Left: the measured states against simulated ones, with the band in which 95 % of measurements lie. Right: the flow.
pyplot.rcParams.update(STYLE)
figure, (left, right) = pyplot.subplots(1, 2, figsize=(7, 2.8))
t = np.linspace(0, 9, 200)
path = model.simulate(exact[0][0], t)
for k, state in enumerate(model.states_):
    band = 1.96 * model.noise_[state]
    left.fill_between(t, path[:, k] - band, path[:, k] + band, alpha=0.25, color=f"C{k}", linewidth=0)
    left.plot(t, path[:, k], color=f"C{k}", label=state)
    left.plot(times[0], measured[0][:, k], ".", markersize=3, color=f"C{k}")
left.set(xlabel="time", ylabel="people (thousands)")
left.legend()
susceptible, infected = np.meshgrid(np.linspace(0, 8, 25), np.linspace(0, 6, 25))
rates = model.predict(np.column_stack([susceptible.ravel(), infected.ravel()])).reshape(25, 25, 2)
right.streamplot(
    susceptible, infected, *np.moveaxis(rates, 2, 0), color="0.75", linewidth=0.6, arrowsize=0.7, density=0.8
)
for k, x in enumerate(measured):
    right.plot(*x.T, ".", markersize=3, color=f"C{k + 2}", label=f"outbreak {k + 1}")
right.set(xlabel="S", ylabel="I", xlim=(0, 8), ylim=(0, 6))
right.legend()
if "__file__" in globals():  # a notebook shows the figure itself
    figure.savefig((Path(sys.argv[1]) if len(sys.argv) > 1 else HERE) / "epidemic.png")
