"""
A table as it was written down: dates, text, gaps and units
===========================================================

Five orange trees were measured on seven days (Draper and Smith 1998; R counts the days from 31 December 1968). Here is
their table as a field book has it: dates, a label for each tree, units in the header, and a value that nobody can read.
Run it: ``python examples/plot_dates.py [FOLDER FOR THE PICTURE]``.
"""

import os
import sys
import tempfile
import warnings
from pathlib import Path

import pandas as pd

from eqdarts import DARTSRegressor, read_table
from eqdarts.plotting import plot_fit

HERE = Path(__file__).parent if "__file__" in globals() else Path.cwd()  # as a notebook: beside this file
SECONDS = float(os.environ.get("EQDARTS_EXAMPLE_SECONDS", "10"))

book = pd.read_csv(HERE.parent / "datasets" / "orange.csv").astype({"circumference": str})
book["day"] = (pd.Timestamp("1968-12-31") + pd.to_timedelta(book["age"], unit="D")).dt.strftime("%Y-%m-%d")
book["tree"] = book["Tree"].map("tree {}".format)
book.loc[9, "circumference"] = "?"
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "field_book.csv"
    columns = ["tree", "day", "circumference"]
    book[columns].to_csv(file, sep=";", index=False, header=["tree", "day", "circumference [mm]"])
    print(*file.read_text().splitlines()[:3], sep="\n")
    table = read_table(file)

# %%
# Dates become years since a round one, labels become columns of 0 and 1, and the gap costs its row. `columns_` says so.

X, y = table[["tree", "day"]], table["circumference"]
with warnings.catch_warnings(record=True) as told:  # what is lost is a warning; here it is printed
    warnings.simplefilter("always")
    model = DARTSRegressor(time_limit=SECONDS, random_state=0).fit(X, y)
print(*(one.message for one in told), sep="\n")
print(model.columns_.to_string(index=False))
print(model.equation_.format())

# %%
# New rows are dates and labels too.

print(model.predict(pd.DataFrame({"tree": ["tree 1", "tree 4"], "day": ["1972-06-01", "1972-06-01"]})).round(1))

# %%
# Draw the law and the rows to which it was fitted.

rows = pd.DataFrame(model.run_.rows.X, columns=model.run_.names)
axes = plot_fit(model.equation_, rows, model.run_.rows.y, units={"day": "yr since 1969", "circumference": "mm"})
if "__file__" in globals():  # a notebook shows the figure itself
    axes.figure.savefig((Path(sys.argv[1]) if len(sys.argv) > 1 else HERE) / "dates.png")
