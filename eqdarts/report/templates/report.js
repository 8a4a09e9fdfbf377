"use strict";
(function () {
  const choices = Array.from(document.querySelectorAll("input[name=row]"));
  const parts = Array.from(document.querySelectorAll("[data-row]"));
  const status = document.getElementById("status");
  const formulas = Array.from(document.querySelectorAll(".formula"));
  const least = 11; // pixels below which no formula can be read
  const paper = { law: [675, 17], row: [430, 10.5] }; // width of the place and size of letters on A4, in pixels

  function onPaper(formula, natural, size) {
    const [width, letters] = formula.classList.contains("law") ? paper.law : paper.row;
    const shrink = Math.min(1, (width / natural) * (size / letters));
    formula.style.setProperty("--print-shrink", shrink);
    formula.classList.toggle("print-narrow", shrink < 0.55);
  }

  // A line breaks behind an operator, and not within a number, where it could be read as another one.
  function breakable(code) {
    const pieces = code.textContent.match(/[^*\/ ]*(?:\*\*|[*\/ ]|$)/g);
    code.replaceChildren();
    for (const piece of pieces) {
      const whole = document.createElement("span");
      whole.textContent = piece.trim();
      code.append(whole, piece.endsWith(" ") ? " " : "");
    }
  }

  // Browsers break no line inside a formula: what is too wide is made smaller, and below the least size it is text.
  function fit(formula) {
    formula.classList.remove("narrow", "print-narrow");
    formula.style.setProperty("--shrink", 1);
    if (formula.clientWidth === 0) return; // not shown now
    const size = parseFloat(getComputedStyle(formula).fontSize);
    onPaper(formula, Math.max(1, formula.scrollWidth > formula.clientWidth ? formula.scrollWidth : 1), size);
    let shrink = 1;
    for (let k = 0; k < 5 && formula.scrollWidth > formula.clientWidth; k++) {
      shrink *= (0.99 * formula.clientWidth) / formula.scrollWidth;
      formula.style.setProperty("--shrink", shrink);
    }
    formula.classList.toggle("narrow", size * shrink < least || formula.scrollWidth > formula.clientWidth);
  }

  function show(row, tell) {
    for (const part of parts) part.hidden = part.dataset.row !== row;
    for (const choice of choices) {
      choice.checked = choice.value === row;
      choice.closest("tr").classList.toggle("shown", choice.checked);
    }
    formulas.forEach(fit);
    if (tell) status.textContent = "Now shown: equation " + (Number(row) + 1) + " of " + choices.length + ".";
  }

  function fromAddress() {
    const row = (/^#row-(\d+)$/.exec(location.hash) || [])[1];
    return choices.some((choice) => choice.value === row) ? row : null;
  }

  for (const choice of choices) {
    choice.addEventListener("change", function () {
      history.replaceState(null, "", "#row-" + choice.value);
      show(choice.value, true);
    });
    choice.closest("tr").addEventListener("click", function () {
      if (!choice.checked && String(getSelection()) === "") choice.click();
    });
  }
  for (const back of document.querySelectorAll("button.back")) {
    back.addEventListener("click", function () {
      const chosen = choices.find((choice) => choice.dataset.chosen === "yes");
      chosen.click();
      chosen.focus();
    });
  }
  addEventListener("hashchange", function () {
    const row = fromAddress();
    if (row !== null) show(row, true);
  });
  document.documentElement.classList.add("live");
  addEventListener("resize", function () { formulas.forEach(fit); });
  document.querySelectorAll(".formula > code").forEach(breakable);
  formulas.forEach(fit);
  if (fromAddress() !== null) show(fromAddress(), false);
})();
