"""Pictures of a report: data in the page, the same each time, each with a caption."""

from __future__ import annotations

import base64
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import pyplot

from eqdarts.data import FitRows
from eqdarts.equation.equation import Equation
from eqdarts.fitting.run import Run
from eqdarts.report.pictures import Picture, equation_pictures, graph_pictures, run_pictures
from eqdarts.report.words import inference_of


def drawn(picture: Picture) -> ElementTree.Element:
    kind, _, data = picture.source.partition(",")
    assert kind == "data:image/svg+xml;base64"
    return ElementTree.fromstring(base64.b64decode(data))


def captions(pictures: list[Picture]) -> list[str]:
    return [picture.caption for picture in pictures]


@pytest.mark.slow
def test_every_picture_is_svg_with_a_caption_and_leaves_no_figure_open(run: Run) -> None:
    pyplot.close("all")
    law = run.equation
    pictures = [*equation_pictures(law, run, inference_of(run, run.chosen), None), *run_pictures(run)]
    pictures += graph_pictures(run)
    assert len(set(captions(pictures))) == len(pictures) >= 6
    for picture in pictures:
        assert drawn(picture).tag.endswith("svg")
        assert picture.caption
    assert pyplot.get_fignums() == []


@pytest.mark.slow
def test_the_same_run_gives_the_same_pictures(run: Run) -> None:
    assert run_pictures(run) == run_pictures(run)
    assert graph_pictures(run) == graph_pictures(run)


@pytest.mark.slow
def test_without_standard_errors_there_are_no_bands_and_no_coefficients(run: Run) -> None:
    with_errors = captions(equation_pictures(run.equation, run, inference_of(run, run.chosen), None))
    without = captions(equation_pictures(run.equation, run, None, None))
    assert "The equation with 95 % bands" in with_errors
    assert "The equation beside the measurements" in without
    assert any("Coefficients" in caption for caption in with_errors)
    assert not any("Coefficients" in caption for caption in without)


def test_slices_are_of_equations_in_several_variables_and_wide(run: Run) -> None:
    X = np.random.default_rng(0).uniform(1, 2, (20, 2))
    law = Equation.parse("2.0*a*b", ["a", "b"], target="y")
    two = replace(run, names=("a", "b"), rows=FitRows(X, 2 * X[:, 0] * X[:, 1] + 0.1, None, None, 20))
    *_, slices = equation_pictures(law, two, None, {"a": "m"})
    assert slices.caption == "One variable at a time"
    assert slices.wide


def test_what_a_run_lacks_is_not_drawn(run: Run) -> None:
    bare = replace(run, graph=None, alpha=run.alpha.iloc[:0], history=replace(run.history, best=(), alpha=None))
    assert graph_pictures(bare) == []
    assert len(run_pictures(bare)) == 1
    assert len(graph_pictures(run)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["$x^2$", "<b>", "a\nb"])
def test_a_name_is_no_markup(run: Run, name: str) -> None:
    renamed = replace(run, names=(name,))
    law = Equation.parse("3.5", [name])
    for picture in equation_pictures(law, renamed, None, {name: name}):
        drawn(picture)
