"""
Orange trees: one law, with a constant of its own for each tree
===============================================================

Five orange trees were measured on seven days (Draper and Smith 1998). They grow alike, but each to a size of its own.
Run it: ``python examples/plot_trees_by_group.py [FOLDER FOR THE PICTURE]``.
"""

import os
import sys
from pathlib import Path

import pandas as pd

from eqdarts import DARTSRegressor
from eqdarts.plotting import plot_groups

HERE = Path(__file__).parent if "__file__" in globals() else Path.cwd()  # as a notebook: beside this file
SECONDS = float(os.environ.get("EQDARTS_EXAMPLE_SECONDS", "20"))

trees = pd.read_csv(HERE.parent / "datasets" / "orange.csv")
X, y = trees[["Tree", "age"]], trees["circumference"]

# %%
# Constants may differ between the trees; which of them do is chosen by description length. Logistic growth is usually
# fitted to such trees, so it is a guess here. With seven days a tree a straight line describes them about as well.

model = DARTSRegressor(time_limit=SECONDS, guesses=["Asym/(1 + exp((xmid - age)/scal))"], random_state=0)
model.fit(X, y, groups="Tree")
print(model.summary())

# %%
# Every equation of the front has its constants by tree. This is the guess: only the final size differs.

guess = next(k for k, law in enumerate(model.front_) if law.groups is not None and "Asym_Tree" in law.groups.names)
print(model.front_[guess].format())
print(model.inference(guess).by_group.round(1))

# %%
# A new tree needs few rows: only its own constants are fitted to them.

model.adapt(pd.DataFrame({"age": [484.0, 1004.0]}), [70.0, 150.0], groups="new")
print(model.predict(pd.DataFrame({"age": [1500.0]}), index=guess, groups="new").round(1))

# %%
# Draw the law of each tree.

(axes,) = plot_groups(model.front_[guess], X, y, units={"age": "d", "circumference": "mm"})
if "__file__" in globals():  # a notebook shows the figure itself
    axes.figure.savefig((Path(sys.argv[1]) if len(sys.argv) > 1 else HERE) / "trees_by_group.png")
