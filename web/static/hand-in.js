/* The submission form: files are uploaded one after the other while somebody writes, each with its
   progress. Without this script they are sent with the form; all buttons work without it, too.

   <input type="file" data-send-to="URL">   Chosen files are sent there; the response is their row.
   [data-rows]                    The rows, in the order of the files. The buttons of a row
                                  [data-row-act=up|down|out] move or remove it at once.
   [data-under-way]               The uploads that are running, with their progress.
   details[data-event-of="KINDS"] Opens if a kind of that list is chosen.
   [data-urgent]                  Shown only with the priority "urgent".
   The rows are kept with the draft of nagarvani.js, so that a reload does not lose them. */
(function () {
  "use strict";

  const form = document.getElementById("hand-in");
  const input = form ? form.querySelector("input[data-send-to]") : null;
  if (!input) { return; }
  const rows = form.querySelector("[data-rows]");
  const underWay = form.querySelector("[data-under-way]");
  const person = document.body.dataset.person || "";
  const draftKey = "nagarvani:" + person + ":" + form.dataset.draft;
  const rowsKey = draftKey + ":files";
  const named = (pattern, name) => pattern.replace("{name}", name);
  const NAMES = ["kept", "alt_mr", "alt_en"];
  const written = () => Array.from(rows.children, (row) =>
    NAMES.map((name) => row.querySelector("[name=" + name + "]").value));
  const carry = (data, rowValues) => rowValues.forEach((values) => NAMES.forEach((name, index) => data.append(name, values[index])));

  function announce(text) {
    const line = document.getElementById("spoken-here") || document.createElement("p");
    line.id = "spoken-here";
    line.className = "visually-hidden";
    line.setAttribute("role", "status");
    if (!line.isConnected) { document.body.append(line); }
    line.textContent = text;
  }

  /* The rows are stored beside the draft and dropped with it. */
  function remember() {
    try {
      window.localStorage.setItem(rowsKey, JSON.stringify({ at: Date.now(), rows: written() }));
    } catch { /* without storage a reload asks for the files once more */ }
  }
  function remembered() {
    try {
      if (window.localStorage.getItem(draftKey) === null) { window.localStorage.removeItem(rowsKey); return []; }
      return JSON.parse(window.localStorage.getItem(rowsKey)).rows || [];
    } catch { return []; }
  }

  function body(more) {
    const data = new FormData();
    data.append("csrf_token", form.querySelector("input[name=csrf_token]").value);
    more(data);
    return data;
  }

  function ask(data, on) {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (step) => { if (step.lengthComputable && on.progress) { on.progress(step.loaded / step.total); } });
    request.addEventListener("load", () => on.answer(request.status, request.responseText));
    request.addEventListener("error", () => on.answer(0, ""));
    request.open("POST", input.dataset.sendTo);
    request.send(data);
  }

  function line(file) {
    const row = document.createElement("li");
    row.className = "no-picture";
    const name = document.createElement("div");
    name.className = "file-name";
    name.textContent = named(input.dataset.sending, file.name);
    const bar = document.createElement("progress");
    bar.className = "upload-progress";
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", named(input.dataset.sending, file.name));
    row.append(name, bar);
    underWay.append(row);
    return { row, bar };
  }

  function refuse(row, sentence) {
    row.replaceChildren();
    const message = document.createElement("p");
    message.className = "field-error";
    message.setAttribute("role", "alert");
    message.textContent = sentence;
    row.append(message);
  }

  let queue = Promise.resolve();
  function send(file) {
    const { row, bar } = line(file);
    return new Promise((done) => {
      const data = body((all) => {
        all.append("only", "new");
        carry(all, written());
        all.append("files", file);
      });
      ask(data, {
        progress: (share) => { bar.value = Math.round(100 * share); },
        answer: (status, text) => {
          if (status === 200) {
            row.remove();
            rows.insertAdjacentHTML("beforeend", text);
            remember();
            announce(named(input.dataset.sent, file.name));
          } else if (status === 422) { refuse(row, text); }
          else { refuse(row, named(status === 401 || status === 400 ? input.dataset.left : input.dataset.failed, file.name)); }
          done();
        },
      });
    });
  }

  input.addEventListener("change", (event) => {
    event.stopImmediatePropagation();
    Array.from(underWay.querySelectorAll(".field-error"), (error) => error.parentElement.remove());
    Array.from(input.files).forEach((file) => { queue = queue.then(() => send(file)); });
    input.value = "";
  }, true);

  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || !button.dataset.rowAct) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    const row = button.closest("[data-row]");
    if (button.dataset.rowAct === "out") {
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      (next ? next.querySelector("[data-row-act=out]") : input).focus();
    } else {
      const neighbour = button.dataset.rowAct === "up" ? row.previousElementSibling : row.nextElementSibling;
      if (neighbour) { if (button.dataset.rowAct === "up") { neighbour.before(row); } else { neighbour.after(row); } }
      button.focus();
    }
    remember();
  }, true);

  rows.addEventListener("input", remember);

  /* The form is sent only when all uploads are done, so that no file is lost. */
  form.addEventListener("submit", (event) => {
    if (!underWay.querySelector("progress")) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter;
    queue.then(() => { if (!underWay.querySelector(".field-error")) { form.requestSubmit(button); } });
  }, true);

  /* A file that was not taken is not forgotten: the first press leads to its sentence, another one goes on without it. */
  form.addEventListener("submit", (event) => {
    const unread = underWay.querySelector(".field-error:not([data-read])");
    if (!unread) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    underWay.querySelectorAll(".field-error:not([data-read])").forEach((error) => {
      error.dataset.read = "";
      error.append(" " + input.dataset.without);
    });
    unread.tabIndex = -1;
    unread.focus();
  }, true);

  const details = form.querySelector("details[data-event-of]");
  const kinds = details ? details.dataset.eventOf.split(" ") : [];
  const urgent = form.querySelector("[data-urgent]");
  function follow() {
    const kind = form.querySelector("input[name=kind]:checked");
    if (details && kind && kinds.includes(kind.value)) { details.open = true; }
    const priority = form.querySelector("input[name=priority]:checked");
    if (urgent) { urgent.hidden = !priority || priority.value !== "urgent"; }
  }
  form.addEventListener("change", follow);
  follow();

  /* This runs after nagarvani.js has restored the draft. */
  document.addEventListener("DOMContentLoaded", () => {
    follow();
    const lostRows = rows.children.length || form.hasAttribute("data-draft-filled") ? [] : remembered();
    if (!lostRows.length) { return; }
    ask(body((all) => { carry(all, lostRows); }), {
      answer: (state, text) => { if (state === 200) { rows.insertAdjacentHTML("beforeend", text); } },
    });
  });
})();
