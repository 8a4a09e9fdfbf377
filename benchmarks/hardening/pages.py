"""Look at pages in a browser, on a phone and on a desk: no formula may be cut, and nothing wider than the screen.

    python benchmarks/hardening/pages.py [FOLDER] [--shots FOLDER]

FOLDER holds HTML pages; without one the documentation is built and looked at. A table or a block of code may be wider
than its place if it scrolls there. The exit status is the number of faults.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WIDTHS = (390, 1200)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LOOK = """<pre></pre><script>
addEventListener("load", function () {
  const faults = [];
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument, width = page.documentElement.clientWidth;
    const tell = function (what, by, text) {
      faults.push({ page: frame.title, what, by: Math.round(by), text: text.slice(0, 60) });
    };
    if (page.documentElement.scrollWidth > width) tell("the page", page.documentElement.scrollWidth - width, "");
    for (const formula of page.querySelectorAll("math")) {
      if (formula.closest("table, pre, [hidden]") || formula.getClientRects().length === 0) continue;
      let place = formula.parentElement;
      while (getComputedStyle(place).display === "inline") place = place.parentElement;
      const right = formula.getBoundingClientRect().right - place.getBoundingClientRect().right;
      const beyond = Math.max(right, place.scrollWidth - place.clientWidth); // either, as the formula is inline or not
      if (beyond > 1) tell("a formula", beyond, formula.textContent);
    }
    for (const table of page.querySelectorAll("table")) {
      let place = table;
      const scrolls = (box) => ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
      while (place !== null && !scrolls(place)) place = place.parentElement;
      const beyond = table.getBoundingClientRect().right - width;
      if (place === null && beyond > 1) tell("a table that does not scroll", beyond, table.textContent);
    }
  }
  document.querySelector("pre").textContent = JSON.stringify(faults);
});</script>"""


def browse(*arguments: str) -> str:
    """Run the browser without a window and return what it prints."""
    if BROWSER is None:
        sys.exit("pages.py needs chromium.")
    with tempfile.TemporaryDirectory() as profile:
        command = [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            f"--user-data-dir={profile}", "--allow-file-access-from-files", "--virtual-time-budget=20000", *arguments,
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


def look(pages: list[Path], width: int) -> list[dict[str, Any]]:
    """Return what is wider than its place on a screen of `width` pixels; frames can be narrower than a window."""
    frames = "".join(
        f'<iframe title="{page.name}" src="{page.as_uri()}" style="width:{width}px;height:900px;border:0"></iframe>'
        for page in pages
    )
    with tempfile.TemporaryDirectory() as folder:
        wrapper = Path(folder, "frames.html")
        wrapper.write_text(frames + LOOK, encoding="utf-8")
        document = browse("--dump-dom", wrapper.as_uri())
    faults: list[dict[str, Any]] = json.loads(
        html.unescape(re.findall(r"<pre>(\[.*?\])</pre>", document, re.DOTALL)[-1])
    )
    return faults


def shoot(page: Path, width: int, folder: Path) -> None:
    """Take a picture of a page."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as inside:
        wrapper = Path(inside, "frame.html")
        frame = f'<body style="margin:0"><iframe src="{page.as_uri()}" style="width:{width}px;height:3000px;border:0">'
        wrapper.write_text(frame, encoding="utf-8")
        target = folder / f"{page.stem}-{width}.png"
        browse("--hide-scrollbars", f"--window-size={max(width, 500)},3000", f"--screenshot={target}", wrapper.as_uri())


def main() -> int:
    """Build what has to be built, look, and print the faults."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--shots", type=Path, help="also write a picture of every page at every width here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as built:
        folder = arguments.folder
        if folder is None:
            folder = Path(built)
            command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(ROOT / "docs"), built]
            subprocess.run(command, check=True)
        pages = sorted(folder.resolve().glob("*.html"))
        n_faults = 0
        for width in WIDTHS:
            faults = look(pages, width)
            n_faults += len(faults)
            for fault in faults:
                print(f"{width} px, {fault['page']}: {fault['what']} {fault['by']} px too wide {fault['text']!r}")
            if arguments.shots is not None:
                for page in pages:
                    shoot(page, width, arguments.shots)
            print(f"{width} px: {len(pages)} pages, {len(faults)} faults")
    return min(n_faults, 99)


if __name__ == "__main__":
    sys.exit(main())
