"""The run that the tests of reports show, made once."""

from __future__ import annotations

import pytest

from eqdarts.fitting.run import Run
from tests.report.runs import planets_run


@pytest.fixture(scope="package")
def run() -> Run:
    return planets_run()
