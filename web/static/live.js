/* Keeps an open page up to date. Without it the page stays as it was made.

   body[data-mark]       What the page shows, for the server; body[data-now] is the server's time then.
   [data-live="NAME"]    A region, which is exchanged when something has changed; NAME stands once in
                         a page. One with the focus, a tick or typed text says "new" instead.
   [data-live-still]      A region that is never exchanged: it says "new", which opens the page again.
   [data-count]          The link of a tab, with its number; with data-loud its number is emphasised.
   [data-notices]        Switches the notices of this browser on and off.
   body[data-dragging]   While something is dragged nothing is exchanged.
   It runs before nagarvani.js, and so sees the regions as the server made them. */
(function () {
  "use strict";

  const body = document.body;
  const words = document.getElementById("words").dataset;
  const help = () => window.nagarvani;
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));

  const VISIBLE = 10 * 1000;
  const HIDDEN = 60 * 1000;
  const UNTOUCHED = 2 * 3600 * 1000;

  let mark = body.dataset.mark;
  let title = document.title;
  let madeAt = Date.parse(body.dataset.now);
  let shownAt = Date.now();
  let touchedAt = Date.now();
  let timer = 0;
  let asking = false;
  let stale = false;
  let over = false;
  let paused = null;

  /* ── Regions ────────────────────────────────────────────────────────── */

  const regions = (root) => new Map(all("[data-live]", root).map((region) => [region.dataset.live, region]));

  // What a reader would call new: not that an hour ago has become two hours ago.
  function essence(region) {
    const copy = region.cloneNode(true);
    all("time", copy).forEach((time) => { time.textContent = ""; });
    all(".remaining, input[type=hidden]", copy).forEach((part) => part.remove());
    return copy.innerHTML;
  }

  const essences = new Map(Array.from(regions(document), ([name, region]) => [name, essence(region)]));
  const waiting = new Map();

  const isStill = (region) => region.hasAttribute("data-live-still");

  function isTouched(control) {
    if (control.type === "checkbox" || control.type === "radio") { return control.checked !== control.defaultChecked; }
    if (control.type === "hidden") { return false; }
    if (control.options) {
      const options = Array.from(control.options);
      const first = options.find((option) => option.defaultSelected) || (control.multiple ? null : options[0]);
      return control.value !== (first ? first.value : "");
    }
    return control.value !== control.defaultValue;
  }

  function isInUse(region) {
    if (isStill(region)) { return true; }
    const selection = window.getSelection();
    const isSelected = selection && !selection.isCollapsed && region.contains(selection.anchorNode);
    const hasFocus = region !== document.activeElement && region.contains(document.activeElement);
    return hasFocus || isSelected || all("input, select, textarea", region).some(isTouched);
  }

  // The icons that a region needs stand once in the page.
  function addIcons(next) {
    const icons = document.getElementById("icons");
    all("#icons symbol", next).forEach((symbol) => {
      if (!document.getElementById(symbol.id)) { icons.append(document.adoptNode(symbol)); }
    });
  }

  function put(region, fresh) {
    const name = region.dataset.live;
    const hadFocus = region === document.activeElement;
    essences.set(name, essence(fresh));
    const open = all("details", region).map((details) => details.open);
    all("details", fresh).forEach((details, at) => { details.open = details.open || Boolean(open[at]); });
    region.replaceWith(fresh);
    help().enhance(fresh);
    if (hadFocus) { focusOn(fresh); }
  }

  function focusOn(region) {
    region.tabIndex = -1;
    region.focus({ preventScroll: true });
  }

  function offer(region, fresh) {
    const name = region.dataset.live;
    if (waiting.has(name)) { waiting.get(name).fresh = fresh; return; }
    const line = document.createElement("p");
    const button = document.createElement("button");
    line.className = isStill(region) ? "live-new live-over" : "live-new";
    button.type = "button";
    button.className = "btn btn-plain";
    button.textContent = words.liveShow;
    button.addEventListener("click", () => {
      if (isStill(region)) { window.location.reload(); return; }
      const { fresh: latest } = waiting.get(name);
      const current = regions(document).get(name);
      const typed = help().typedIn(current, isTouched);
      waiting.delete(name);
      line.remove();
      put(current, latest);
      typed(latest).forEach((text) => keep(text, latest));
      focusOn(latest);
    });
    line.append(button);
    waiting.set(name, { fresh, line });
    region.before(line);
    help().announce(words.liveShow);
  }

  function keep(text, region) {
    const sheet = document.createElement("div");
    const head = document.createElement("h2");
    const line = document.createElement("p");
    sheet.className = "sheet";
    line.className = "source-text";
    head.textContent = words.liveKept;
    line.textContent = text;
    sheet.append(head, line);
    region.append(sheet);
  }

  // Returns whether a reader sees something new.
  function exchangeOne(region, fresh) {
    const name = region.dataset.live;
    const isNew = essence(fresh) !== essences.get(name);
    if (isInUse(region)) {
      if (isNew) { offer(region, fresh); }
      return false;
    }
    if (waiting.has(name)) { waiting.get(name).line.remove(); waiting.delete(name); }
    put(region, fresh);
    return isNew;
  }

  async function exchange() {
    stale = false;
    if (!document.querySelector("main [data-live]")) { return; }
    const answer = await ask(window.location.href);
    if (!answer) { return; }
    if (!answer.ok || answer.redirected) { stop(words.liveMoved, words.liveOpen); return; }
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!isOurs(next.body.dataset.mark || "")) { return; }
    mark = next.body.dataset.mark;
    title = next.title;
    madeAt = Date.parse(next.body.dataset.now);
    shownAt = Date.now();
    addIcons(next);
    const fresh = regions(next);
    const isNew = Array.from(regions(document), ([name, region]) => (
      fresh.has(name) && exchangeOne(region, document.adoptNode(fresh.get(name)))
    ));
    all("[data-count]", next).forEach((link) => count(link.getAttribute("href"), Number(link.dataset.count)));
    showTitle();
    if (isNew.some(Boolean)) { help().announce(words.liveChanged); }
  }

  // A deadline of the page that has passed since it was made.
  function hasPassed() {
    const now = madeAt + Date.now() - shownAt;
    return all("[data-live] .deadline time").some((time) => {
      const at = Date.parse(time.dateTime);
      return at > madeAt && at <= now;
    });
  }

  /* ── Tabs, title, notices ───────────────────────────────────────────── */

  function count(href, number) {
    all("[data-count]").filter((link) => link.getAttribute("href") === href).forEach((link) => {
      link.dataset.count = number;
      const badge = link.querySelector(".count") || document.createElement("span");
      badge.className = "count" + (link.hasAttribute("data-loud") ? " count-loud" : "");
      badge.textContent = help().digits(number);
      if (!number) { badge.remove(); } else if (!badge.isConnected) { link.append(" ", badge); }
    });
  }

  function showTitle() {
    const today = document.querySelector(".tabs [data-count]");
    const number = today ? Number(today.dataset.count) : 0;
    document.title = (number ? "(" + help().digits(number) + ") " : "") + title;
  }

  const NOTICES = "nagarvani-notices:" + body.dataset.person;
  const box = {
    get on() { try { return window.localStorage.getItem(NOTICES) !== null; } catch { return false; } },
    set on(value) {
      try { if (value) { window.localStorage.setItem(NOTICES, ""); } else { window.localStorage.removeItem(NOTICES); } } catch { /* it stays as it was */ }
    },
  };
  const mayNotify = () => "Notification" in window && Notification.permission === "granted" && box.on;

  // It names tabs alone: whoever passes the screen reads it too.
  function notify(tabs) {
    if (!tabs.length || !document.hidden || !mayNotify()) { return; }
    showNotice(words.liveWaits.replace("{what}", tabs.join(", ")));
  }

  function showNotice(text) {
    try {
      const notice = new Notification(words.liveName, { body: text, tag: "nagarvani" });
      notice.addEventListener("click", () => { window.focus(); notice.close(); });
      return true;
    } catch { return false; } // some phones show notices of installed pages alone
  }

  function takeCounts(counts) {
    const risen = all(".tabs [data-count]").filter((link) => (
      (counts[link.getAttribute("href")] || 0) > Number(link.dataset.count)
    ));
    const labels = risen.map((link) => link.firstChild.textContent.trim());
    Object.entries(counts).forEach(([href, number]) => count(href, number));
    showTitle();
    notify(labels);
  }

  function noticeSwitch(button) {
    if (!("Notification" in window)) { return; }
    const state = button.parentElement.querySelector("[role=status]");
    const show = () => { button.textContent = mayNotify() ? words.noticesOff : words.noticesOn; };
    button.closest("[data-notices-part]").hidden = false;
    button.addEventListener("click", async () => {
      const wasOn = mayNotify();
      box.on = !wasOn;
      if (!wasOn) {
        const permission = await Notification.requestPermission();
        if (permission !== "granted" || !showNotice(words.noticesAreOn)) { box.on = false; }
      }
      state.textContent = mayNotify() ? words.noticesAreOn : wasOn ? words.noticesAreOff : words.noticesRefused;
      show();
    });
    show();
  }

  /* ── Asking ─────────────────────────────────────────────────────────── */

  // Returns nothing if the session has ended.
  async function ask(address) {
    const answer = await window.fetch(address, { headers: { "Nagarvani-By-Itself": "1" }, cache: "no-store" });
    if (answer.status !== 401) { return answer; }
    stop(words.liveEnded, words.liveSignIn);
    return null;
  }

  function isOurs(other) {
    const isSame = other.split("-")[0] === mark.split("-")[0];
    if (!isSame) { stop(words.liveOther, words.liveOpen); }
    return isSame;
  }

  async function askForChanges() {
    const answer = await ask("/changes?mark=" + encodeURIComponent(mark));
    if (!answer || answer.status !== 200) { return; }
    const found = await answer.json();
    if (!isOurs(found.mark)) { return; }
    mark = found.mark;
    stale = true;
    takeCounts(found.tabs);
  }

  async function turn() {
    window.clearTimeout(timer);
    if (over || paused || asking || !body.isConnected) { return; } // an upload writes another page
    if (Date.now() - touchedAt >= UNTOUCHED) { pause(); return; }
    asking = true;
    try {
      await askForChanges();
      const isDragging = "dragging" in body.dataset;
      if (!over && !document.hidden && !isDragging && (stale || hasPassed())) { await exchange(); }
    } catch { stale = true; } // the network is away: the next turn asks again
    asking = false;
    plan();
  }

  function plan() {
    window.clearTimeout(timer);
    if (!over && !paused) { timer = window.setTimeout(turn, document.hidden ? HIDDEN : VISIBLE); }
  }

  function say(text, act) {
    const notice = document.createElement("div");
    const line = document.createElement("p");
    notice.className = "notice tone-amber";
    line.append(text + " ", act);
    notice.append(line);
    document.querySelector(".flashes").append(notice);
    return notice;
  }

  function stop(text, label) {
    const link = document.createElement("a");
    over = true;
    link.href = window.location.href;
    link.textContent = label;
    say(text, link);
  }

  function pause() {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "action-link";
    button.textContent = words.liveGoOn;
    paused = say(words.livePaused, button); // pressing it is a touch
  }

  function touch() {
    touchedAt = Date.now();
    if (!paused) { return; }
    paused.remove();
    paused = null;
    turn();
  }

  ["pointerdown", "keydown", "wheel"].forEach((name) => document.addEventListener(name, touch, { passive: true }));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { plan(); return; }
    touch();
    turn();
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) { turn(); } });
  document.addEventListener("DOMContentLoaded", () => {
    all("[data-notices]").forEach(noticeSwitch);
    showTitle();
    plan();
  });
})();
