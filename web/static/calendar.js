/* Dragging a post to another day. The page works without it: a drop sends the form of "Move several
   posts" and shows the same answer. live.js exchanges the days, but not while one is dragged. */
"use strict";
(() => {
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const form = document.getElementById("dragged");
  let draggedPost = null;

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
  const isElsewhere = (cell) => cell && draggedPost && !cell.contains(draggedPost);

  // Calls `act` with the event and the part of the page, among those of `selector`, that it is about.
  const on = (name, selector, act) => document.addEventListener(name, (event) => {
    const part = event.target.closest && event.target.closest(selector);
    if (part) { act(event, part); }
  });

  if (form) {
    on("pointerover", "[data-move]", (_event, postLink) => { postLink.title = form.dataset.hint; });
    on("dragstart", "[data-move]", (event, postLink) => {
      draggedPost = postLink;
      document.body.dataset.dragging = "";
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", postLink.dataset.move);
    });
    on("dragend", "[data-move]", () => {
      draggedPost = null;
      delete document.body.dataset.dragging;
      all(".drop-here").forEach((cell) => highlight(cell, false));
    });
    on("dragover", "td[data-day]", (event, cell) => {
      if (!isElsewhere(cell)) { return; }
      event.preventDefault();
      highlight(cell, true);
    });
    on("dragleave", "td[data-day]", (event, cell) => {
      if (!cell.contains(event.relatedTarget)) { highlight(cell, false); }
    });
    on("drop", "td[data-day]", (event, cell) => {
      event.preventDefault();
      if (isElsewhere(cell)) { send(draggedPost, cell); }
    });
  }
})();
