/* Dragging a post to another day, and printing. The page works without both: a drop sends the form of
   "Move several posts" and shows the same answer. */
"use strict";
(() => {
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const form = document.getElementById("dragged");
  let draggedPost = null;

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

  // In a month a post keeps its time of day; in a week it takes the hour at which the row begins.
  const send = (postLink, cell) => {
    const days = Math.round((Date.parse(cell.dataset.day) - Date.parse(postLink.dataset.day)) / 86400000);
    all("[data-dropped]").forEach((input) => input.remove());
    field("chosen", postLink.dataset.move);
    if (cell.dataset.clock) {
      field("way", "at");
      field("due_at", cell.dataset.day + " " + cell.dataset.clock);
    } else {
      field("way", "days");
      field("amount", String(days));
    }
    form.submit();
  };

  const highlight = (cell, on) => cell.classList.toggle("drop-here", on);
  const isElsewhere = (cell) => draggedPost && !cell.contains(draggedPost);

  if (form) {
    all("[data-move]").forEach((postLink) => {
      postLink.title = form.dataset.hint;
      postLink.addEventListener("dragstart", (event) => {
        draggedPost = postLink;
        event.dataTransfer.effectAllowed = "move";
        event.dataTransfer.setData("text/plain", postLink.dataset.move);
      });
      postLink.addEventListener("dragend", () => {
        draggedPost = null;
        all(".drop-here").forEach((cell) => highlight(cell, false));
      });
    });
    all("td[data-day]").forEach((cell) => {
      cell.addEventListener("dragover", (event) => {
        if (!isElsewhere(cell)) { return; }
        event.preventDefault();
        highlight(cell, true);
      });
      cell.addEventListener("dragleave", () => highlight(cell, false));
      cell.addEventListener("drop", (event) => {
        event.preventDefault();
        if (isElsewhere(cell)) { send(draggedPost, cell); }
      });
    });
  }
})();
