"""The report: one page that holds everything, shows any name as it stands, and lets a reader choose among equations."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from eqdarts.equation.equation import Equation
from eqdarts.estimator import DARTSRegressor
from eqdarts.evidence.structure import Finding
from eqdarts.fitting.run import Run
from eqdarts.report.page import report_page, write_report
from eqdarts.report.pictures import Picture, graph_pictures
from eqdarts.tables.columns import Column, Columns
from tests import fake_estimator
from tests.helpers import QUICK
from tests.report.runs import planets, planets_run

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "θ_0 $a$",
    "{{ 7*7 }}",
    "a\u202eb",
    "\"&'",
)
VOID = {"meta", "link", "img", "input", "br"}


@pytest.fixture(scope="module")
def page(run: Run) -> str:
    return report_page(run)


class _Elements(HTMLParser):
    """Collects elements, and fails where they are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _elements(page: str, tag: str) -> Iterator[dict[str, str | None]]:
    yield from (attributes for name, attributes in _Elements(page).found if name == tag)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eqdarts.report.page.equation_pictures", lambda *_: [])
    monkeypatch.setattr("eqdarts.report.page.run_pictures", lambda *_: [])


# --- the page ---


@pytest.mark.slow
def test_the_page_is_whole_and_loads_nothing(page: str) -> None:
    found = _Elements(page).found
    for tag, attributes in found:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert (attributes.get(name) or "data:").startswith("data:"), (tag, name)
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in page
    assert "@import" not in page
    assert sum(tag == "script" for tag, _ in found) == 1
    policy = next(a["content"] for a in _elements(page, "meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in str(policy)


def test_everything_has_a_label(page: str) -> None:
    found = _Elements(page).found
    identifiers = [a["id"] for _, a in found if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    assert all(a["aria-labelledby"] in identifiers for tag, a in found if tag == "section")
    assert all(a.get("alt") for a in _elements(page, "img"))
    assert page.count("<label>") == len(list(_elements(page, "input")))
    assert next(_elements(page, "html"))["lang"] == "en"


def test_every_equation_has_its_law_coefficients_and_pictures(page: str, run: Run) -> None:
    for k, equation in enumerate(run.equations):
        assert equation.mathml() in page
        assert f'value="{k}"' in page
        for value in equation.fit(pd.DataFrame(run.rows.X, columns=list(run.names)), run.rows.y).coefficients:
            assert value in page
    pictures = [str(a["src"]) for a in _elements(page, "img")]
    assert len(pictures) == len(set(pictures)) == 4 * len(run.equations) + 3 + len(graph_pictures(run)) == 17
    for picture in pictures:
        assert ElementTree.fromstring(base64.b64decode(picture.partition(",")[2])).tag.endswith("svg")
    hidden = [a for _, a in _Elements(page).found if "data-row" in a and "hidden" not in a]
    assert {a["data-row"] for a in hidden} == {str(run.chosen)}


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_shown_as_they_stand(no_pictures: None, name: str) -> None:
    text = report_page(replace(planets_run(name, name), source=name), {name: "<kg>"})
    found = _Elements(text).found
    assert [tag for tag, _ in found if tag == "script"] == ["script"]
    assert not {"b", "kg"} & {tag for tag, _ in found}
    assert not any("onerror" in attributes for _, attributes in found)
    assert "\u202e" not in text
    assert html.unescape(re.findall(r"<title>(.*?):", text)[0]) == name.replace("\u202e", "\ufffd")


def test_wide_pictures_have_the_whole_width(no_pictures: None, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [Picture("data:wide", "Trajectories", True), Picture("data:narrow", "Front")]
    monkeypatch.setattr("eqdarts.report.page.run_pictures", lambda _: both)
    text = report_page(planets_run("a", "b"))
    assert '<figure class="wide"><img src="data:wide"' in text
    assert '<figure><img src="data:narrow"' in text


@pytest.mark.slow
def test_structure_and_graph_are_shown(no_pictures: None, run: Run) -> None:
    finding = Finding("<b>a</b> and b act only through a/b", True, 0.5, 0.01, 2, 1)
    text = report_page(replace(run, structure=(finding,)))
    assert "&lt;b&gt;a&lt;/b&gt; and b act only through a/b (a polynomial in 1 input" in text
    assert all(picture.source in text for picture in graph_pictures(run))
    assert "that appear only in combination, and no scaling law" in report_page(run)
    assert 'id="structure"' not in report_page(replace(run, graph=None, alpha=run.alpha.iloc[:0]))


def test_a_fit_without_its_graph_still_shows_the_evidence(run: Run) -> None:
    captions = [[picture.caption for picture in graph_pictures(found)] for found in (run, replace(run, graph=None))]
    assert [len(found) for found in captions] == [2, 1]
    assert captions[1] == captions[0][1:]


def test_without_standard_errors_the_page_says_so(no_pictures: None, run: Run) -> None:
    text = report_page(replace(run, loss="absolute"))
    assert "The loss absolute gives no standard errors." in text
    assert "std. error" not in text


@pytest.mark.slow
def test_only_the_best_are_drawn_and_an_undefined_equation_is_said_to_be(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setattr("eqdarts.report.page.equation_pictures", lambda *_: [Picture("data:,", "picture")])
    many = replace(
        run,
        equations=(*run.equations, *[Equation.parse("log(semi_major_axis - 1)", run.names, target="period")] * 8),
        table=pd.concat(
            [run.table, pd.DataFrame({"complexity": 5, "loss": 9.0, "score": [9.0] * 8})], ignore_index=True
        ),
    )
    text = report_page(many)
    assert text.count("Only the eight equations") == 3
    assert "The equation is undefined at 1 of 12 rows." in text


def test_a_model_writes_its_report(no_pictures: None, tmp_path: Path) -> None:
    model = fake_estimator.DARTSRegressor(random_state=0).fit(*planets())
    write_report(model.run_, tmp_path / "law.html")
    text = (tmp_path / "law.html").read_text(encoding="utf-8")
    assert "A law of period" in text
    assert "planets.csv" not in text


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    no_pictures: None, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "law.html"
    path.write_text("old", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_report(run, path)
    assert path.read_text(encoding="utf-8") == "old"


# --- in a browser ---


def _browse(page: Path, fragment: str = "", *more: str) -> tuple[str, str]:
    """Return the document after its script ran, and the browser's log.

    Each start has a profile of its own, because a browser waits for the last one to let go of it. A browser that does
    not answer is started again: on a busy machine it sometimes hangs before it reads the page.
    """
    for last in (False, False, True):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            command = [
                str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--disable-extensions", f"--user-data-dir={profile}",
                "--enable-logging=stderr", "--v=0", *more, page.as_uri() + fragment,
            ]  # fmt: skip
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
            except subprocess.TimeoutExpired:
                if last:
                    raise
            else:
                return done.stdout, done.stderr
    raise AssertionError("unreachable")


def _shown_rows(document: str) -> tuple[set[str], set[str]]:
    """Return the rows whose parts are shown, and those whose choice is marked."""
    found = _Elements(re.sub(r"</?(meta|link|img|input|br)\b[^>]*/>", "", document)).found
    parts = {str(a["data-row"]) for _, a in found if "data-row" in a and "hidden" not in a}
    rows = re.findall(r'<tr class="shown">.*?value="(\d+)"', document, re.DOTALL)
    return parts, set(rows)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_a_browser_shows_the_row_that_is_asked_for(tmp_path: Path, page: str) -> None:
    path = tmp_path / "law.html"
    path.write_text(page, encoding="utf-8")
    for fragment, row in (("", "2"), ("#row-0", "0"), ("#row-99<b>", "2")):
        document, log = _browse(path, fragment, "--dump-dom")
        assert _shown_rows(document) == ({row}, {row})
        assert "CONSOLE" not in log  # no error, nothing refused by the page's own policy
    assert 'class="live"' in document


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_a_browser_runs_no_code_of_a_name_and_prints_two_pages(tmp_path: Path) -> None:
    path = tmp_path / "law.html"
    path.write_text(report_page(planets_run(HOSTILE[0], HOSTILE[1])), encoding="utf-8")
    document, log = _browse(path, "", "--dump-dom")
    assert "CONSOLE" not in log
    assert document.count("<script>") == 1
    _browse(path, "", f"--print-to-pdf={tmp_path / 'law.pdf'}", "--no-pdf-header-footer")
    assert re.findall(rb"/Count (\d+)", (tmp_path / "law.pdf").read_bytes()) == [b"2"]


LONG = (
    "(1.23456*semi_major_axis + 3.2e-8*semi_major_axis**2 + 12.345678)"
    "/(1 + exp(-0.25*semi_major_axis)*semi_major_axis**2.5 + 3.777*semi_major_axis**3)"
)


def _measured(tmp_path: Path, page: str, width: int) -> list[dict[str, float]]:
    """Return of every formula that is shown on a screen of `width` pixels its size, and how far it goes beyond."""
    frame = tmp_path / "frame.html"
    frame.write_text(
        f"""<iframe style="width: {width}px; height: 900px" srcdoc="{html.escape(page)}"></iframe><pre></pre><script>
        const frame = document.querySelector("iframe");
        frame.onload = function () {{
          const inside = frame.contentDocument, rows = [];
          for (const box of inside.querySelectorAll(".formula")) {{
            if (box.clientWidth === 0) continue;
            const shown = Array.from(box.children).filter((part) => part.getClientRects().length > 0);
            const right = Math.max(...shown.flatMap((part) => Array.from(part.querySelectorAll("*"),
              (leaf) => leaf.getBoundingClientRect().right)));
            rows.push({{beyond: right - box.getBoundingClientRect().right, text: shown[0].tagName === "CODE",
              n: shown.length, size: parseFloat(inside.defaultView.getComputedStyle(shown[0]).fontSize)}});
          }}
          rows.push({{beyond: inside.documentElement.scrollWidth - frame.clientWidth}});
          document.querySelector("pre").textContent = JSON.stringify(rows);
        }};</script>""",
        encoding="utf-8",
    )
    document, log = _browse(frame, "", "--dump-dom")
    assert "CONSOLE" not in log
    rows: list[dict[str, float]] = json.loads(re.findall(r"<pre>(.+?)</pre>", document)[-1])
    return rows


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
@pytest.mark.parametrize(("width", "n_text"), [(390, 2), (1200, 0)])
def test_no_formula_is_cut_on_a_narrow_screen(tmp_path: Path, run: Run, width: int, n_text: int) -> None:
    """A law whose end is hidden reads as another law: it shrinks, and where it would get too small it is text."""
    laws = (run.equations[0], run.equations[-1], Equation.parse(LONG, run.names, target="period"))
    *formulas, page = _measured(tmp_path, report_page(replace(run, equations=laws)), width)
    assert page["beyond"] <= 0
    assert len(formulas) == 4  # the law that was chosen, and one for each row of the front
    for formula in formulas:
        assert formula["n"] == 1
        assert formula["beyond"] < 1
        assert formula["size"] >= 11
    assert sum(bool(formula["text"]) for formula in formulas) == n_text


@pytest.mark.slow
@pytest.mark.parametrize("which", ["input", "target"])
def test_axes_over_hundreds_of_decades_are_drawn(which: str) -> None:
    wide = 10.0 ** np.linspace(-150, 150, 40)
    x, y = (
        (wide, 3 * np.sqrt(wide))
        if which == "input"
        else (np.linspace(0.1, 2, 40), np.exp(300 * np.linspace(0.1, 2, 40)))
    )
    quick = {**QUICK, "max_refits": 30}
    model = DARTSRegressor(**quick).fit(pd.DataFrame({"x": x}), pd.Series(y, name="y"))
    assert "<img" in report_page(model.run_)


def test_the_page_says_what_was_done_to_the_table(no_pictures: None, run: Run) -> None:
    assert "From your table" not in report_page(run)
    columns = Columns((Column("day", "time", run.names, "d", origin="2020-02-01"),), n_rows=12, n_dropped=1)
    page = report_page(replace(run, columns=columns))
    assert "From your table to these columns" in page
    assert "<li>day: days since 2020-02-01.</li><li>1 of 12 rows were left out: a value" in page
