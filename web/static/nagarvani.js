/* Small help for pages that work without it. Nothing here is needed to read or to send.

   <form data-draft="NAME" data-draft-base="BASE" data-draft-filled>
       What is typed is kept in this browser under NAME and body[data-person], and put back after a
       reload or a lost session. BASE is what it rests on (a revision): where it has changed, the
       person is asked first. data-draft-filled: the server shows what was typed; that wins.
       [data-draft-note] says "draft saved" and "put back". Passwords, hidden fields, files and
       [data-draft-skip] are never kept; files are named. [data-draft-done="NAME"] in any page
       (a flash of the category "draft-done") forgets the draft; who then goes back finds the form
       as the server gave it, and cannot send the same once more by mistake.
   <form data-once>
       A second submit while the first is under way does nothing.
   <form data-upload>
       With files chosen it is sent with a progress bar; without help of the browser as usual.
   <input type="file" data-files="LIST-ID" data-files-limit="BYTES">
       Names and sizes of the chosen files are listed in the list.
   [data-counter-for="FIELD-ID"] [data-counter-rule="x|plain"] [data-counter-limit="280"]
       Counts while somebody types; "x" asks window.nagarvaniCount. [data-counter-says="FIELD-ID"]
       is spoken when typing rests. [data-counter-link="LINK-ID"] counts that field's link as well,
       on a line of its own unless the text holds it.
   [data-preview-of="FIELD-ID"] [data-preview-kind="x|facebook"] [data-preview-cut="words"]
       Shows the text of the field as the platform will, with [data-preview-link="LINK-ID"] the
       link too. [data-preview-link-of="LINK-ID"] shows a link that stands beside the text.
   details[data-menu]   Closes with Escape and by pressing elsewhere.
   [data-error-summary] Takes the focus.
   Words come from the template#words, so that they are in the language of the page. */
(function () {
  "use strict";

  document.documentElement.classList.add("js");
  const store = document.getElementById("words");
  const words = store ? store.dataset : {};
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const digits = (value) => {
    const own = words.digits || "";
    return own ? String(value).replace(/[0-9]/g, (sign) => own[Number(sign)]) : String(value);
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
    drop(key) { try { window.localStorage.removeItem(key); } catch { /* nothing was kept */ } },
    keys() { try { return Object.keys(window.localStorage); } catch { return []; } },
    isDone(key) { try { return window.sessionStorage.getItem(key) !== null; } catch { return false; } },
    markDone(key) { try { window.sessionStorage.setItem(key, ""); } catch { /* then it is not known */ } },
  };

  const kept = (control) =>
    control.name && !control.disabled && !["hidden", "password", "file", "submit", "button"].includes(control.type) &&
    !control.hasAttribute("data-draft-skip");
  const controls = (form) => Array.from(form.elements).filter(kept);
  const choice = (control) => control.type === "radio" || control.type === "checkbox";
  const valueOf = (control) => {
    if (choice(control)) { return control.checked; }
    return control.multiple ? Array.from(control.selectedOptions, (option) => option.value) : control.value;
  };

  function snapshot(form) {
    const seen = {};
    return controls(form).map((control) => {
      const name = choice(control) ? control.name + "=" + control.value : control.name;
      seen[name] = (seen[name] || 0) + 1;
      return [name + "#" + seen[name], valueOf(control)];
    });
  }

  function putBack(form, values) {
    const wanted = new Map(values);
    const here = snapshot(form);
    controls(form).forEach((control, at) => {
      if (!wanted.has(here[at][0])) { return; }
      const value = wanted.get(here[at][0]);
      if (choice(control)) { control.checked = value; }
      else if (control.multiple) { Array.from(control.options).forEach((option) => { option.selected = value.includes(option.value); }); }
      else { control.value = value; }
      control.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  const fileNames = (form) =>
    all("input[type=file]", form).flatMap((input) => Array.from(input.files, (file) => file.name));

  function restore(form, note, key, draft) {
    const write = (text) => { note.textContent = text; };
    const named = draft.files && draft.files.length
      ? " " + words.draftFiles.replace("{names}", draft.files.join(", ")) : "";
    if (JSON.stringify(draft.values) === JSON.stringify(snapshot(form))) {
      if (named) { write(named.trim()); }
      return;
    }
    if (draft.base === form.dataset.draftBase) {
      putBack(form, draft.values);
      write(words.draftRestored + named);
      return;
    }
    write(words.draftOlder + " ");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "action-link";
    button.textContent = words.draftPutBack;
    button.addEventListener("click", () => {
      putBack(form, draft.values);
      write(words.draftRestored + named);
    });
    note.append(button);
  }

  function keepDraft(form) {
    const key = draftKey(form.dataset.draft);
    const note = form.querySelector("[data-draft-note]") || document.createElement("p");
    const before = box.read(key);
    const filled = form.hasAttribute("data-draft-filled");
    if (before && Array.isArray(before.values) && !filled) { restore(form, note, key, before); }
    if (before && filled && before.files && before.files.length) {
      note.textContent = words.draftFiles.replace("{names}", before.files.join(", "));
    }
    const save = () => {
      const draft = { base: form.dataset.draftBase, at: Date.now(), values: snapshot(form), files: fileNames(form) };
      if (box.write(key, draft)) { note.textContent = words.draftSaved; }
    };
    const later = rested(800, () => { if (typing) { save(); } });
    // What the browser fills in, going back, tells of changes as a hand does: but no hand came first.
    let touched = false;
    let typing = false;
    ["pointerdown", "keydown", "beforeinput", "click", "drop"].forEach((name) => {
      form.addEventListener(name, (event) => { touched = touched || event.isTrusted; });
    });
    ["input", "change"].forEach((name) => {
      form.addEventListener(name, (event) => { if (event.isTrusted && touched) { typing = true; later(); } });
    });
    // From here on this page writes nothing more: the next one may have forgotten the draft already.
    form.addEventListener("submit", () => { save(); typing = false; });
    window.addEventListener("pagehide", () => { if (typing) { save(); } });
    // Going back, the browser has filled in what was sent.
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
    if (rule === "x" && typeof window.nagarvaniCount === "function") {
      const answer = window.nagarvaniCount(text);
      return typeof answer === "number" ? answer : answer.weighted;
    }
    return Array.from(text.normalize("NFC")).length;
  }

  // As it leaves: the link on a new line, unless the text holds it already.
  function withLink(text, linkId) {
    const field = linkId ? document.getElementById(linkId) : null;
    const link = field ? field.value.trim() : "";
    if (!link || text.includes(link)) { return text; }
    return text ? text + "\n" + link : link;
  }

  const follow = (fieldIds, act) => fieldIds.forEach((id) => {
    const field = id ? document.getElementById(id) : null;
    if (field) { field.addEventListener("input", act); }
  });

  function liveCounter(counter) {
    const field = document.getElementById(counter.dataset.counterFor);
    if (!field || (counter.dataset.counterRule === "x" && typeof window.nagarvaniCount !== "function")) { return; }
    const limit = counter.dataset.counterLimit ? Number(counter.dataset.counterLimit) : null;
    const spoken = document.querySelector('[data-counter-says="' + CSS.escape(field.id) + '"]');
    const linkId = counter.dataset.counterLink;
    const count = () => countOf(withLink(field.value.trim(), linkId), counter.dataset.counterRule);
    const rest = () => {
      const left = limit - count();
      if (left < 0) { return say(words.over, -left); }
      return left <= 20 ? say(words.left, left) : "";
    };
    const speak = rested(1000, () => { if (spoken && limit !== null) { spoken.textContent = rest(); } });
    const show = () => {
      const used = count();
      if (limit === null) {
        counter.querySelector("[data-counter-text]").textContent = say(words.characters, used);
        return;
      }
      const how = used > limit ? "over" : (limit - used <= 20 ? "near" : "fine");
      counter.className = "counter counter-" + how;
      counter.querySelector("[data-counter-used]").textContent = digits(used);
      counter.querySelector("[data-counter-rest]").textContent = rest() ? " · " + rest() : "";
    };
    follow([field.id, linkId], () => { show(); speak(); });
    show();
  }

  /* ── Preview ────────────────────────────────────────────────────────── */

  const HASHTAG = /(?<![\p{L}\p{M}\p{N}_&/])[#＃][\p{L}\p{M}\p{N}_\u200c\u200d]+/gu;
  const LETTERS = 477;
  const LINES = 5;

  function marked(text) {
    const line = document.createElement("p");
    let at = 0;
    for (const found of text.matchAll(HASHTAG)) {
      if (!/\p{L}/u.test(found[0])) { continue; }
      line.append(text.slice(at, found.index));
      const tag = document.createElement("span");
      tag.className = "hashtag";
      tag.textContent = found[0];
      line.append(tag);
      at = found.index + found[0].length;
    }
    line.append(text.slice(at));
    return line;
  }

  const paragraphs = (text) => text.split(/\n\s*\n/).map((part) => part.replace(/^\n+|\n+$/g, "")).filter(Boolean).map(marked);

  // A long text on X: cut at a word once it weighs more than usual.
  function cutOnX(text) {
    if (typeof window.nagarvaniCount !== "function" || countOf(text, "x") <= 280) { return text.length; }
    let fits = 0;
    let over = text.length;
    while (over - fits > 1) {
      const middle = Math.floor((fits + over) / 2);
      if (countOf(text.slice(0, middle), "x") <= 280) { fits = middle; } else { over = middle; }
    }
    const space = Math.max(text.lastIndexOf(" ", fits), text.lastIndexOf("\n", fits));
    return space > 0 ? space : fits;
  }

  function cutAt(text) {
    const end = text.split("\n").slice(0, LINES).join("\n").length;
    if (end <= LETTERS) { return end; }
    const space = Math.max(text.lastIndexOf(" ", LETTERS), text.lastIndexOf("\n", LETTERS - 1));
    return space > 0 ? space : LETTERS;
  }

  function livePreview(preview) {
    const field = document.getElementById(preview.dataset.previewOf);
    if (!field) { return; }
    const show = () => {
      const text = withLink(field.value.replace(/\r\n/g, "\n").trim(), preview.dataset.previewLink);
      const end = preview.dataset.previewKind === "facebook" ? cutAt(text) : cutOnX(text);
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
    // Title and picture are known of the link that was looked at, of no other.
    const known = all(".card-title, .card-picture", row);
    follow([row.dataset.previewLinkOf], () => {
      const link = field.value.trim();
      row.hidden = !link;
      domain.textContent = hostOf(link);
      known.forEach((part) => { part.hidden = link !== row.dataset.previewCard; });
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
    const mine = form.id ? all('button[form="' + CSS.escape(form.id) + '"]') : [];
    all("button[type=submit]", form).concat(mine).forEach((button) => {
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

  function takeOver(answer, address) {
    window.history.replaceState(null, "", address);
    document.open();
    document.write(answer);
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
      let told = 0;
      request.upload.addEventListener("progress", (step) => {
        if (!step.lengthComputable) { bar.removeAttribute("value"); return; }
        bar.value = Math.round((100 * step.loaded) / step.total);
        if (bar.value >= told + 25) { told = bar.value - (bar.value % 25); announce(say(words.uploaded, told)); }
      });
      request.addEventListener("load", () => takeOver(request.responseText, request.responseURL));
      const broken = () => {
        bar.remove();
        busy(form, false);
        const line = document.createElement("p");
        line.className = "field-error";
        line.setAttribute("role", "alert");
        line.textContent = words.uploadFailed;
        form.append(line);
      };
      request.addEventListener("error", broken);
      request.addEventListener("abort", broken);
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
        const over = limit && file.size > limit;
        line.textContent = file.name + " · " + sizeOf(file.size) + (over ? " – " + words.tooLarge : "");
        if (over) { line.classList.add("field-error"); }
        return line;
      }));
    });
  }

  /* ── Menu, focus ────────────────────────────────────────────────────── */

  function menu(details) {
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && details.open) { details.open = false; details.querySelector("summary").focus(); }
    });
    document.addEventListener("click", (event) => { if (!details.contains(event.target)) { details.open = false; } });
  }

  forgetDrafts();
  all("[data-counter-for]").forEach(liveCounter);
  all("[data-preview-of]").forEach(livePreview);
  all("[data-preview-link-of]").forEach(liveLink);
  all("form[data-draft]").forEach(keepDraft);
  all("form[data-once]").forEach(sendOnce);
  all("form[data-upload]").forEach(sendFiles);
  all("input[data-files]").forEach(listFiles);
  all("details[data-menu]").forEach(menu);
  // The browser's autofocus comes first; it does nothing in a page that an upload has written.
  window.setTimeout(() => {
    const summary = document.querySelector("[data-error-summary]");
    if (summary && document.activeElement === document.body) { summary.focus(); }
  }, 300);
  all(".tabs [aria-current]").forEach((tab) => { tab.parentElement.parentElement.scrollLeft = tab.offsetLeft - 16; });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) { all("form[data-busy]").forEach((form) => busy(form, false)); }
  });
})();
