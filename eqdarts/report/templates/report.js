"use strict";
(function () {
  const choices = Array.from(document.querySelectorAll("input[name=row]"));
  const parts = Array.from(document.querySelectorAll("[data-row]"));
  const status = document.getElementById("status");

  function show(row, tell) {
    for (const part of parts) part.hidden = part.dataset.row !== row;
    for (const choice of choices) {
      choice.checked = choice.value === row;
      choice.closest("tr").classList.toggle("shown", choice.checked);
    }
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
  if (fromAddress() !== null) show(fromAddress(), false);
})();
