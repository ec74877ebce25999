/* Dragging a post to another day, and printing. Both only ease what the page does without them:
   a drop sends the same form as "Move several posts", and is answered by the same page. */
"use strict";
(() => {
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const form = document.getElementById("dragged");
  let dragged = null;

  all("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  const field = (name, value) => {
    const input = document.createElement("input");
    input.type = "hidden";
    input.dataset.dropped = "";
    input.name = name;
    input.value = value;
    form.append(input);
  };

  // In a month it keeps its time of day; in a week it takes the hour at which the row begins.
  const send = (item, cell) => {
    const days = Math.round((Date.parse(cell.dataset.day) - Date.parse(item.dataset.day)) / 86400000);
    all("[data-dropped]").forEach((left) => left.remove());
    field("chosen", item.dataset.move);
    if (cell.dataset.clock) {
      const [year, month, day] = cell.dataset.day.split("-");
      field("way", "at");
      [day, month, year].forEach((part) => field("day", part));
      field("clock", cell.dataset.clock);
    } else {
      field("way", "days");
      field("amount", String(days));
    }
    form.submit();
  };

  const over = (cell, on) => cell.classList.toggle("drop-here", on);
  const isElsewhere = (cell) => dragged && !cell.contains(dragged);

  if (form) {
    all("[data-move]").forEach((item) => {
      item.title = form.dataset.hint;
      item.addEventListener("dragstart", (event) => {
        dragged = item;
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", item.dataset.move);
      });
      item.addEventListener("dragend", () => {
        dragged = null;
        all(".drop-here").forEach((cell) => over(cell, false));
      });
    });
    all("td[data-day]").forEach((cell) => {
      cell.addEventListener("dragover", (event) => {
        if (!isElsewhere(cell)) { return; }
        event.preventDefault();
        over(cell, true);
      });
      cell.addEventListener("dragleave", () => over(cell, false));
      cell.addEventListener("drop", (event) => {
        event.preventDefault();
        if (isElsewhere(cell)) { send(dragged, cell); }
      });
    });
  }
})();
