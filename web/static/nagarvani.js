/* Help for pages that work without it: no page needs this script to be read or sent.

   <form data-draft="NAME" data-draft-base="BASE" data-draft-filled>
       The browser keeps the fields under NAME and body[data-person] and restores them after a
       reload or a lost session. BASE is the revision that the draft started from: if it has
       changed, the person is asked first. With data-draft-filled the server shows the fields as
       they were sent, and nothing is restored. [data-draft-note] says "draft saved" and "put
       back". Passwords, hidden fields, files and [data-draft-skip] are never kept; only the names
       of files are. [data-draft-done="NAME"] in any page (a flash of the category "draft-done")
       deletes the draft; going back then shows the form as the server made it, so that the same
       cannot be sent again by mistake.
   <form data-once>
       A second submit while the first is running does nothing.
   <form data-upload>
       If files are chosen, the form is sent with a progress bar.
   <input type="file" data-files="LIST-ID" data-files-limit="BYTES">
       The list shows the names and sizes of the chosen files.
   [data-counter-for="FIELD-ID"] [data-counter-rule="weighted|plain"] [data-counter-limit="280"]
       Counts while somebody types; "weighted" uses window.nagarvaniCount. [data-counter-says="FIELD-ID"]
       is read aloud when typing pauses. [data-counter-link="LINK-ID"] also counts the link in that
       field, on a line of its own unless the text contains it.
   [data-preview-of="FIELD-ID"] [data-preview-rule="weighted|plain|"] [data-preview-units] [data-preview-lines] [data-preview-cut="words"]
       Shows the text of the field as the platform does, with [data-preview-link="LINK-ID"] also the
       link. [data-preview-link-of="LINK-ID"] shows a link beside the text.
   option[data-search]
       A long list of such options has a search field above it, which leaves those with every typed
       word in their text or data-search, and the one that is chosen.
   <input data-when="ADDRESS" id="ID">
       A day or moment: what the server understands is written into #ID-understood, and its mark
       into [data-when-mark="ID"].
   <body data-keys="ADDRESS">
       Keys for the lists and acts of every page, by their place on the keyboard; ADDRESS lists them.
   details[data-menu]   Closes with Escape and by a click elsewhere.
   [data-error-summary] Takes the focus.
   The texts are in template#words, in the language of the page. */
(function () {
  "use strict";

  document.documentElement.classList.add("js");
  const store = document.getElementById("words");
  const words = store ? store.dataset : {};
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const digits = (value) => {
    const localDigits = words.digits || "";
    return localDigits ? String(value).replace(/[0-9]/g, (digit) => localDigits[Number(digit)]) : String(value);
  };
  const say = (pattern, value) => (pattern || "{n}").replace("{n}", digits(value));
  const rested = (wait, act) => {
    let timer = 0;
    return () => { window.clearTimeout(timer); timer = window.setTimeout(act, wait); };
  };

  /* ── Drafts ─────────────────────────────────────────────────────────── */

  const person = document.body.dataset.person || "";
  const WEEK = 7 * 24 * 3600 * 1000;
  const draftKey = (name) => "nagarvani:" + person + ":" + name;

  const box = {
    read(key) { try { return JSON.parse(window.localStorage.getItem(key)); } catch { return null; } },
    write(key, value) {
      try { window.localStorage.setItem(key, JSON.stringify(value)); return true; } catch { return false; }
    },
    drop(key) { try { window.localStorage.removeItem(key); } catch { /* without storage nothing was kept */ } },
    keys() { try { return Object.keys(window.localStorage); } catch { return []; } },
    isDone(key) { try { return window.sessionStorage.getItem(key) !== null; } catch { return false; } },
    markDone(key) { try { window.sessionStorage.setItem(key, ""); } catch { /* without storage the draft is not marked */ } },
  };

  const isKept = (control) =>
    control.name && !control.disabled && !["hidden", "password", "file", "submit", "button"].includes(control.type) &&
    !control.hasAttribute("data-draft-skip");
  const controls = (form) => Array.from(form.elements).filter(isKept);
  const isChoice = (control) => control.type === "radio" || control.type === "checkbox";
  const valueOf = (control) => {
    if (isChoice(control)) { return control.checked; }
    return control.multiple ? Array.from(control.selectedOptions, (option) => option.value) : control.value;
  };

  function snapshot(form) {
    const countsByName = {};
    return controls(form).map((control) => {
      const name = isChoice(control) ? control.name + "=" + control.value : control.name;
      countsByName[name] = (countsByName[name] || 0) + 1;
      return [name + "#" + countsByName[name], valueOf(control)];
    });
  }

  function putBack(form, values) {
    const valuesByName = new Map(values);
    const currentValues = snapshot(form);
    controls(form).forEach((control, index) => {
      if (!valuesByName.has(currentValues[index][0])) { return; }
      const value = valuesByName.get(currentValues[index][0]);
      if (isChoice(control)) { control.checked = value; }
      else if (control.multiple) { Array.from(control.options).forEach((option) => { option.selected = value.includes(option.value); }); }
      else { control.value = value; }
      if (String(value) !== String(currentValues[index][1])) { all("details").filter((part) => part.contains(control)).forEach((part) => { part.open = true; }); }
      control.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  const fileNames = (form) =>
    all("input[type=file]", form).flatMap((input) => Array.from(input.files, (file) => file.name));

  function restore(form, note, key, draft) {
    const write = (text) => { note.textContent = text; };
    const filesNote = draft.files && draft.files.length
      ? " " + words.draftFiles.replace("{names}", draft.files.join(", ")) : "";
    if (JSON.stringify(draft.values) === JSON.stringify(snapshot(form))) {
      if (filesNote) { write(filesNote.trim()); }
      return;
    }
    if (draft.base === form.dataset.draftBase) {
      putBack(form, draft.values);
      write(words.draftRestored + filesNote);
      return;
    }
    write(words.draftOlder + " ");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "action-link";
    button.textContent = words.draftPutBack;
    button.addEventListener("click", () => {
      putBack(form, draft.values);
      write(words.draftRestored + filesNote);
    });
    note.append(button);
  }

  function keepDraft(form) {
    const key = draftKey(form.dataset.draft);
    const note = form.querySelector("[data-draft-note]") || document.createElement("p");
    const oldDraft = box.read(key);
    const isFilled = form.hasAttribute("data-draft-filled");
    if (oldDraft && Array.isArray(oldDraft.values) && !isFilled) { restore(form, note, key, oldDraft); }
    if (oldDraft && isFilled && oldDraft.files && oldDraft.files.length) {
      note.textContent = words.draftFiles.replace("{names}", oldDraft.files.join(", "));
    }
    const save = () => {
      const draft = { base: form.dataset.draftBase, at: Date.now(), values: snapshot(form), files: fileNames(form) };
      if (box.write(key, draft)) { note.textContent = words.draftSaved; }
    };
    const saveLater = rested(800, () => { if (typing) { save(); } });
    // Going back, the browser fills in the fields with events like those of a person; only a person
    // has touched the form before.
    let touched = false;
    let typing = false;
    ["pointerdown", "keydown", "beforeinput", "click", "drop"].forEach((name) => {
      form.addEventListener(name, (event) => { touched = touched || event.isTrusted; });
    });
    ["input", "change"].forEach((name) => {
      form.addEventListener(name, (event) => { if (event.isTrusted && touched) { typing = true; saveLater(); } });
    });
    // After the submit this page stores nothing more: the next page may already have deleted the draft.
    form.addEventListener("submit", () => { save(); typing = false; });
    window.addEventListener("pagehide", () => { if (typing) { save(); } });
    // Going back, the browser has filled in what was sent, although the draft is done.
    window.addEventListener("pageshow", () => {
      if (!box.isDone(key) || box.read(key) || typing) { return; }
      form.reset();
      controls(form).forEach((control) => control.dispatchEvent(new Event("input", { bubbles: true })));
    });
  }

  function forgetDrafts() {
    all("[data-draft-done]").map((mark) => draftKey(mark.dataset.draftDone)).forEach((key) => {
      box.drop(key);
      box.markDone(key);
    });
    box.keys().filter((key) => key.startsWith("nagarvani:")).forEach((key) => {
      const draft = box.read(key);
      if (!draft || !draft.at || Date.now() - draft.at > WEEK) { box.drop(key); }
    });
  }

  /* ── Counter ────────────────────────────────────────────────────────── */

  function countOf(text, rule) {
    if (rule === "weighted" && typeof window.nagarvaniCount === "function") {
      const count = window.nagarvaniCount(text);
      return typeof count === "number" ? count : count.weighted;
    }
    return Array.from(text.normalize("NFC")).length;
  }

  // Returns the text as it is published: with the link on a new line unless it contains the link.
  function withLink(text, linkId) {
    const field = linkId ? document.getElementById(linkId) : null;
    const link = field ? field.value.trim() : "";
    const hasLink = window.nagarvaniHasLink || ((whole, part) => whole.includes(part));
    if (!link || hasLink(text, link)) { return text; }
    return text ? text + "\n" + link : link;
  }

  const follow = (fieldIds, act) => fieldIds.forEach((id) => {
    const field = id ? document.getElementById(id) : null;
    if (field) { field.addEventListener("input", act); }
  });

  function liveCounter(counter) {
    const field = document.getElementById(counter.dataset.counterFor);
    if (!field || (counter.dataset.counterRule === "weighted" && typeof window.nagarvaniCount !== "function")) { return; }
    const limit = counter.dataset.counterLimit ? Number(counter.dataset.counterLimit) : null;
    const announcement = document.querySelector('[data-counter-says="' + CSS.escape(field.id) + '"]');
    const linkId = counter.dataset.counterLink;
    const count = () => countOf(withLink(field.value.trim(), linkId), counter.dataset.counterRule);
    const rest = () => {
      const left = limit - count();
      if (left < 0) { return say(words.over, -left); }
      return left <= 20 ? say(words.left, left) : "";
    };
    const speak = rested(1000, () => { if (announcement && limit !== null) { announcement.textContent = rest(); } });
    const show = () => {
      const usedCount = count();
      if (limit === null) {
        counter.querySelector("[data-counter-text]").textContent = say(words.characters, usedCount);
        return;
      }
      const level = usedCount > limit ? "over" : (limit - usedCount <= 20 ? "near" : "fine");
      counter.className = "counter counter-" + level;
      counter.querySelector("[data-counter-used]").textContent = digits(usedCount);
      counter.querySelector("[data-counter-rest]").textContent = rest() ? " · " + rest() : "";
    };
    follow([field.id, linkId], () => { show(); speak(); });
    show();
  }

  /* ── Preview ────────────────────────────────────────────────────────── */

  const HASHTAG = /(?<![\p{L}\p{M}\p{N}_&/])[#＃][\p{L}\p{M}\p{N}_\u200c\u200d]+/gu;

  function marked(text) {
    const line = document.createElement("p");
    let index = 0;
    for (const match of text.matchAll(HASHTAG)) {
      if (!/\p{L}/u.test(match[0])) { continue; }
      line.append(text.slice(index, match.index));
      const tag = document.createElement("span");
      tag.className = "hashtag";
      tag.textContent = match[0];
      line.append(tag);
      index = match.index + match[0].length;
    }
    line.append(text.slice(index));
    return line;
  }

  const paragraphs = (text) => text.split(/\n\s*\n/).map((part) => part.replace(/^\n+|\n+$/g, "")).filter(Boolean).map(marked);

  // Returns where the platform folds a text: after so many lines or units, at the last space. Where
  // the browser cannot count as the platform does, the text stays whole.
  function foldOf(text, { previewRule: rule, previewUnits: units, previewLines: lines }) {
    const shown = lines ? text.split("\n").slice(0, Number(lines)).join("\n") : text;
    const isCountable = rule && (rule !== "weighted" || typeof window.nagarvaniCount === "function");
    const isOver = (part) => countOf(part, rule) > Number(units);
    if (!isCountable || !isOver(shown)) { return shown.length; }
    let fits = 0;
    let over = shown.length;
    while (over - fits > 1) {
      const middle = Math.floor((fits + over) / 2);
      if (isOver(shown.slice(0, middle))) { over = middle; } else { fits = middle; }
    }
    const space = Math.max(shown.lastIndexOf(" ", fits), shown.lastIndexOf("\n", fits));
    return space > 0 ? space : fits;
  }

  function livePreview(preview) {
    const field = document.getElementById(preview.dataset.previewOf);
    if (!field) { return; }
    const show = () => {
      const text = withLink(field.value.replace(/\r\n/g, "\n").trim(), preview.dataset.previewLink);
      const end = foldOf(text, preview.dataset);
      preview.closest(".preview").hidden = !field.value.trim();
      preview.replaceChildren(...paragraphs(text.slice(0, end).trimEnd()));
      if (text.slice(end).trim()) {
        const line = document.createElement("div");
        const label = document.createElement("span");
        line.className = "cut";
        label.textContent = preview.dataset.previewCut;
        line.append(label);
        preview.append(line, ...paragraphs(text.slice(end).trimStart()));
      }
    };
    follow([field.id, preview.dataset.previewLink], show);
  }

  function hostOf(link) {
    try { return new URL(link).hostname.replace(/^www\./, ""); } catch { return link; }
  }

  function liveLink(row) {
    const field = document.getElementById(row.dataset.previewLinkOf);
    const domain = row.querySelector(".card-domain");
    // Title and picture are known only of the link that was checked.
    const cardParts = all(".card-title, .card-picture", row);
    follow([row.dataset.previewLinkOf], () => {
      const link = field.value.trim();
      row.hidden = !link;
      domain.textContent = hostOf(link);
      cardParts.forEach((part) => { part.hidden = link !== row.dataset.previewCard; });
    });
  }

  /* ── Sending once, sending files ────────────────────────────────────── */

  function announce(text) {
    let line = document.getElementById("spoken");
    if (!line) {
      line = document.createElement("p");
      line.id = "spoken";
      line.className = "visually-hidden";
      line.setAttribute("role", "status");
      document.body.append(line);
    }
    line.textContent = text;
  }

  function busy(form, on) {
    form.toggleAttribute("data-busy", on);
    const outsideButtons = form.id ? all('button[form="' + CSS.escape(form.id) + '"]') : [];
    all("button[type=submit]", form).concat(outsideButtons).forEach((button) => {
      if (on) { button.setAttribute("aria-disabled", "true"); } else { button.removeAttribute("aria-disabled"); button.removeAttribute("aria-busy"); }
    });
  }

  function sendOnce(form) {
    form.addEventListener("submit", (event) => {
      if (form.hasAttribute("data-busy")) { event.preventDefault(); event.stopImmediatePropagation(); return; }
      busy(form, true);
      if (event.submitter) { event.submitter.setAttribute("aria-busy", "true"); }
      announce(words.sending);
      if (form.target === "_blank") { window.setTimeout(() => busy(form, false), 1000); }
    });
  }

  function takeOver(html, address) {
    window.history.replaceState(null, "", address);
    document.open();
    document.write(html);
    document.close();
  }

  function sendFiles(form) {
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented || !fileNames(form).length) { return; }
      event.preventDefault();
      const bar = document.createElement("progress");
      bar.className = "upload-progress";
      bar.max = 100;
      bar.value = 0;
      bar.setAttribute("aria-label", words.sending);
      (event.submitter && form.contains(event.submitter) ? event.submitter : form.lastElementChild).after(bar);
      const body = new FormData(form);
      if (event.submitter && event.submitter.name) { body.append(event.submitter.name, event.submitter.value); }
      const request = new XMLHttpRequest();
      let announcedPercent = 0;
      request.upload.addEventListener("progress", (progress) => {
        if (!progress.lengthComputable) { bar.removeAttribute("value"); return; }
        bar.value = Math.round((100 * progress.loaded) / progress.total);
        if (bar.value >= announcedPercent + 25) { announcedPercent = bar.value - (bar.value % 25); announce(say(words.uploaded, announcedPercent)); }
      });
      request.upload.addEventListener("load", () => {
        bar.removeAttribute("value");  // How long the server reads and checks it, nobody knows.
        bar.setAttribute("aria-label", words.received);
        announce(words.received);
      });
      request.addEventListener("load", () => takeOver(request.responseText, request.responseURL));
      const showFailure = () => {
        bar.remove();
        busy(form, false);
        const line = document.createElement("p");
        line.className = "field-error";
        line.setAttribute("role", "alert");
        line.textContent = words.uploadFailed;
        form.append(line);
      };
      request.addEventListener("error", showFailure);
      request.addEventListener("abort", showFailure);
      all(":scope > .field-error", form).forEach((line) => line.remove());
      request.open("POST", form.action);
      request.send(body);
    });
  }

  function sizeOf(bytes) {
    if (bytes < 1000000) { return say(words.kilobytes, Math.max(1, Math.round(bytes / 1000))); }
    return say(words.megabytes, (bytes / 1000000).toFixed(1));
  }

  function listFiles(input) {
    const list = document.getElementById(input.dataset.files);
    if (!list) { return; }
    const limit = Number(input.dataset.filesLimit || 0);
    input.addEventListener("change", () => {
      list.replaceChildren(...Array.from(input.files, (file) => {
        const line = document.createElement("li");
        line.className = "no-picture";
        const isTooLarge = limit && file.size > limit;
        line.textContent = file.name + " · " + sizeOf(file.size) + (isTooLarge ? " – " + words.tooLarge : "");
        if (isTooLarge) { line.classList.add("field-error"); }
        return line;
      }));
    });
  }

  /* ── Long lists ─────────────────────────────────────────────────────── */

  const LONG_LIST = 12;

  function typeAhead(select) {
    const options = Array.from(select.options);
    const searchable = options.filter((option) => option.dataset.search);
    if (select.multiple || searchable.length <= LONG_LIST) { return; }
    const search = document.createElement("input");
    const found = document.createElement("p");
    const label = select.labels.length ? ": " + select.labels[0].textContent : "";
    Object.assign(search, { type: "search", className: "form-control", autocomplete: "off", placeholder: words.search });
    search.setAttribute("aria-label", words.search + label);
    search.setAttribute("aria-controls", select.id);
    found.className = "hint";
    found.setAttribute("role", "status");
    search.addEventListener("input", () => {
      const typed = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const matches = searchable.filter((option) => {
        const text = (option.text + " " + option.dataset.search).toLowerCase();
        return typed.every((word) => text.includes(word));
      });
      const chosen = select.value;
      // Browsers on phones show hidden options too: what does not match is taken out.
      select.replaceChildren(...options.filter((option) => (
        !option.dataset.search || option.value === chosen || matches.includes(option)
      )));
      select.value = chosen;
      found.textContent = typed.length ? say(words.found, matches.length) : "";
    });
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); select.focus(); }
    });
    select.before(search, found);
  }

  /* ── Days and moments ───────────────────────────────────────────────── */

  // Says below the field what the server understands, and sends back with the form what was said.
  function sayWhen(field) {
    const line = document.getElementById(field.id + "-understood");
    const mark = document.querySelector('[data-when-mark="' + CSS.escape(field.id) + '"]') || {};
    const show = (answer) => { line.textContent = answer.words; mark.value = answer.mark; };
    const ask = rested(300, async () => {
      const typed = field.value;
      try {
        const response = await fetch(field.dataset.when + "&when=" + encodeURIComponent(typed));
        const answer = await response.json();
        if (field.value === typed) { show(answer); }
      } catch { /* without an answer the server asks when the form is sent */ }
    });
    field.addEventListener("input", () => { show({ words: "", mark: "" }); ask(); });
  }

  /* ── Keys ───────────────────────────────────────────────────────────── */

  const LISTED = ".title-link, .link-row, .pick, .work-item .post-texts a, li a.btn-act";
  const isVisible = (element) => element.getClientRects().length > 0;

  function move(step) {
    const links = all("main a[href]").filter((link) => link.matches(LISTED) && isVisible(link));
    const current = document.activeElement;
    const at = links.indexOf(current);
    if (at >= 0) { (links[at + step] || current).focus(); return; }
    const follows = (link) => current.compareDocumentPosition(link) & Node.DOCUMENT_POSITION_FOLLOWING;
    const next = current === document.body ? links[0] : links.find(follows);
    if (step > 0 && next) { next.focus(); }
  }

  function search() {
    const field = document.getElementById("bar-search");
    if (!field) { return; }
    if (isVisible(field)) { field.focus(); } else { window.location = field.form.action; }
  }

  // A key never acts by itself: it only brings the focus to the button.
  function goToAct() {
    const act = all("main .btn-act, .decision-bar .btn-act, [data-look]").find(isVisible);
    if (act) { act.focus(); }
  }

  const KEYS = {
    KeyJ: () => move(1),
    KeyK: () => move(-1),
    KeyO: () => { if (document.activeElement.matches("main a[href]")) { document.activeElement.click(); } },
    KeyU: () => {
      const back = document.querySelector("a.back");
      if (back) { back.click(); } else { window.history.back(); }
    },
    KeyM: goToAct,
    Slash: search,
    ShiftSlash: () => { window.location = document.body.dataset.keys; },
  };

  // `code` is the place on the keyboard, which is the same in InScript.
  function onKey(event) {
    const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.defaultPrevented || event.isComposing || isTyping) { return; }
    if (event.ctrlKey || event.altKey || event.metaKey || event.getModifierState("AltGraph")) { return; }
    const act = KEYS[(event.shiftKey ? "Shift" : "") + event.code];
    if (act) { event.preventDefault(); act(); }
  }

  /* ── Menu, focus ────────────────────────────────────────────────────── */

  function menu(details) {
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && details.open) { details.open = false; details.querySelector("summary").focus(); }
    });
    document.addEventListener("click", (event) => { if (!details.contains(event.target)) { details.open = false; } });
  }

  // Without the script the browser's own command prints the page.
  function printPage(button) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }

  function enhance(root) {
    all("[data-counter-for]", root).forEach(liveCounter);
    all("[data-preview-of]", root).forEach(livePreview);
    all("[data-preview-link-of]", root).forEach(liveLink);
    all("form[data-draft]", root).forEach(keepDraft);
    all("form[data-once]", root).forEach(sendOnce);
    all("form[data-upload]", root).forEach(sendFiles);
    all("input[data-files]", root).forEach(listFiles);
    all("details[data-menu]", root).forEach(menu);
    all("select", root).forEach(typeAhead);
    all("[data-when]", root).forEach(sayWhen);
    all("[data-print]", root).forEach(printPage);
  }

  // Returns what puts the typed values of a part into the part that takes its place, and then returns
  // the texts for which that one has no field.
  function typedIn(root, isTyped) {
    const fields = (part) => all("input, select, textarea", part).filter(isKept);
    const typed = fields(root).filter(isTyped).map((field) => [field.name, field.value, valueOf(field)]);
    return (part) => typed.filter(([name, value, wanted]) => {
      const field = fields(part).find((other) => other.name === name && (!isChoice(other) || other.value === value));
      if (!field) { return typeof wanted === "string"; }
      if (isChoice(field)) { field.checked = wanted; } else { field.value = wanted; }
      field.dispatchEvent(new Event("input", { bubbles: true }));
      return false;
    }).map(([, , wanted]) => wanted);
  }

  forgetDrafts();
  enhance(document);
  if (document.body.dataset.keys) { document.addEventListener("keydown", onKey); }
  window.nagarvani = { announce, digits, enhance, typedIn };  // for live.js
  // The browser's autofocus runs first; it does nothing in a page that an upload has written.
  window.setTimeout(() => {
    const summary = document.querySelector("[data-error-summary]");
    if (summary && document.activeElement === document.body) { summary.focus(); }
  }, 300);
  all(".tabs [aria-current]").forEach((tab) => { tab.parentElement.parentElement.scrollLeft = tab.offsetLeft - 16; });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) { all("form[data-busy]").forEach((form) => busy(form, false)); }
  });
})();
