/* Asks the server every few seconds whether the officer has decided; without the script the page has
   a link "look again". [data-spot-state] is replaced when the server's state differs from it;
   [data-spot-gone] is removed then. */
(function () {
  "use strict";

  const INTERVAL_MS = 5000;
  const LIFETIME_MS = 16 * 60 * 1000;
  const startedAt = Date.now();
  const stateBox = () => document.querySelector("[data-spot-state]");

  async function look() {
    if (Date.now() - startedAt > LIFETIME_MS) { return; }
    try {
      const response = await fetch(window.location.pathname, { credentials: "same-origin", redirect: "error" });
      if (response.ok) {
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        const newStateBox = page.querySelector("[data-spot-state]");
        if (newStateBox && newStateBox.dataset.spotState !== stateBox().dataset.spotState) { show(newStateBox, page); return; }
      }
    } catch { /* the connection failed; the next request may succeed */ }
    window.setTimeout(look, INTERVAL_MS);
  }

  // The code has ended with the decision, so it is removed and the decision is shown.
  function show(newStateBox, page) {
    document.querySelector("#icons").innerHTML = page.querySelector("#icons").innerHTML;
    stateBox().innerHTML = newStateBox.innerHTML;
    stateBox().dataset.spotState = newStateBox.dataset.spotState;
    document.querySelectorAll("[data-spot-gone]").forEach((section) => section.remove());
  }

  if (stateBox()) { window.setTimeout(look, INTERVAL_MS); }
})();
