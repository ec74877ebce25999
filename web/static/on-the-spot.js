/* Looks from time to time whether the officer has decided; without it there is "look again".
   [data-spot-state]: what the page knows; where the server knows more, that part is replaced.
   [data-spot-gone] is of no use once something was decided. */
(function () {
  "use strict";

  const EVERY = 5000;
  const FOR = 16 * 60 * 1000;
  const begun = Date.now();
  const known = () => document.querySelector("[data-spot-state]");

  async function look() {
    if (Date.now() - begun > FOR) { return; }
    try {
      const answer = await fetch(window.location.pathname, { credentials: "same-origin", redirect: "error" });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("[data-spot-state]");
        if (fresh && fresh.dataset.spotState !== known().dataset.spotState) { show(fresh); return; }
      }
    } catch { /* the line is gone for a moment; the next look may find it again */ }
    window.setTimeout(look, EVERY);
  }

  // The code has ended with the decision: it makes room for what was decided.
  function show(fresh) {
    known().innerHTML = fresh.innerHTML;
    known().dataset.spotState = fresh.dataset.spotState;
    document.querySelectorAll("[data-spot-gone]").forEach((one) => one.remove());
  }

  if (known()) { window.setTimeout(look, EVERY); }
})();
