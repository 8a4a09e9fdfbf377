"""Published constants of groups, with standard errors, and the accepted forms to which they belong.

The numbers of single groups are those that R prints for the examples of its help pages `SSlogis` (DNase1), `SSasymp`
(Lob.329), `SSasympOff` (CO2.Qn1), `SSbiexp` (Indo.1), `SSfol` (Theoph.1) and `Puromycin`. Those of the orange trees are
the fits of single trees by nlsList in Pinheiro and Bates, Mixed-Effects Models in S and S-PLUS (2000), chapter 8; their
errors here are those of our fit of all trees with the scatter in common. That of `muscle` is the scale that all strips
share in Venables and Ripley, Modern Applied Statistics with S (2002), section 8.5, with the error of our fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

Estimates = dict[str, dict[str, tuple[float, float]]]


@dataclass(frozen=True)
class Published:
    """A table, the accepted form of its law, and published estimates: group -> constant -> (value, error)."""

    name: str
    target: str
    inputs: tuple[str, ...]
    by: str
    form: str
    constants: tuple[str, ...]
    estimates: Estimates
    log_of: str = ""  # a column whose logarithm is an input
    common: str = ""  # a constant that all groups share, published for the group "all"

    def read(self, folder: Path) -> pd.DataFrame:
        """Return the rows."""
        path = folder / f"{self.name}.csv"
        frame = pd.read_csv(path if path.is_file() else Path(__file__).parent / f"{self.name}.csv")
        return frame.assign(**{f"log_{self.log_of}": np.log(frame[self.log_of])}) if self.log_of else frame


TABLES = (
    Published(
        "orange", "circumference", ("age",), "Tree", "Asym/(1 + exp((xmid - age)/scal))", ("Asym", "xmid", "scal"),
        {
            "1": {"Asym": (154.15, 13.59), "xmid": (627.12, 92.89), "scal": (362.53, 81.21)},
            "2": {"Asym": (218.99, 13.36), "xmid": (700.31, 61.35), "scal": (332.47, 49.39)},
            "3": {"Asym": (158.83, 19.23), "xmid": (734.85, 130.81), "scal": (400.95, 94.78)},
            "4": {"Asym": (225.31, 11.84), "xmid": (710.70, 51.17), "scal": (303.13, 41.61)},
            "5": {"Asym": (207.27, 22.02), "xmid": (861.35, 107.99), "scal": (379.99, 66.75)},
        },
    ),
    Published(
        "theoph", "conc", ("Dose", "Time"), "Subject",
        "Dose*exp(lKe + lKa - lCl)*(exp(-exp(lKe)*Time) - exp(-exp(lKa)*Time))/(exp(lKa) - exp(lKe))",
        ("lKe", "lKa", "lCl"),
        {"1": {"lKe": (-2.9196, 0.1709), "lKa": (0.5752, 0.1728), "lCl": (-3.9159, 0.1273)}},
    ),
    Published(
        "indometh", "conc", ("time",), "Subject", "A1*exp(-exp(lrc1)*time) + A2*exp(-exp(lrc2)*time)",
        ("A1", "lrc1", "A2", "lrc2"),
        {"1": {"A1": (2.0293, 0.1099), "lrc1": (0.5794, 0.1247), "A2": (0.1916, 0.1106), "lrc2": (-1.7878, 0.7871)}},
    ),
    Published(
        "loblolly", "height", ("age",), "Seed", "Asym + (R0 - Asym)*exp(-exp(lrc)*age)", ("Asym", "R0", "lrc"),
        {"329": {"Asym": (94.1282, 8.4030), "R0": (-8.2508, 1.2261), "lrc": (-3.2176, 0.1386)}},
    ),
    Published(
        "dnase", "density", ("log_conc",), "Run", "Asym/(1 + exp((xmid - log_conc)/scal))", ("Asym", "xmid", "scal"),
        {"1": {"Asym": (2.34518, 0.07815), "xmid": (1.48309, 0.08135), "scal": (1.04146, 0.03227)}}, log_of="conc",
    ),
    Published(
        "puromycin", "rate", ("conc",), "state", "Vm*conc/(K + conc)", ("Vm", "K"),
        {
            "treated": {"Vm": (212.7, 6.947), "K": (0.06412, 0.00828)},
            "untreated": {"Vm": (160.3, 6.480), "K": (0.04771, 0.007782)},
        },
    ),
    Published(
        "muscle", "Length", ("Conc",), "Strip", "al + be*exp(-Conc/th)", ("al", "be", "th"),
        {"all": {"th": (0.7969, 0.1266)}}, common="th",
    ),
    Published(
        "co2_uptake", "uptake", ("conc",), "Plant", "Asym*(1 - exp(-exp(lrc)*(conc - c0)))", ("Asym", "lrc", "c0"),
        {"Qn1": {"Asym": (38.1398, 0.9164), "lrc": (-4.3806, 0.2042), "c0": (51.2232, 11.6698)}},
    ),
)  # fmt: skip
