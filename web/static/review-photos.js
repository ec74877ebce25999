/* The photos of a review: the main button leads to those that were not in view, then it approves.

   [data-photo]         A photo. It was in view once it had loaded and stood on the screen for a moment.
   [data-offers]        What is offered where it does not load: [data-load] loads an address, and if
                        the copy fails too, the tick [data-elsewhere] can take the place of the view.
   [data-photos-first]  The form that approves; its field `pictures` tells the server what was seen.
                        [data-look] is the button that leads to the next photo.
   Without this script the form stands below the photos, and its button approves. */
(function () {
  "use strict";

  const DWELL_MS = 700;
  const SLOW_MS = 8000;
  const ENOUGH = 0.6; // of the photo, or of the screen if the photo is larger
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const isLoaded = (image) => image.complete && image.naturalWidth > 0;

  // Offers another load where one failed or is slow; returns false once the copy has failed too.
  function offerAgain(photo, image) {
    const offers = photo.querySelector("[data-offers]");
    const twins = all(".preview-grid img").filter((twin) => twin.src === image.src);
    let isCopy = false;
    const offer = () => {
      offers.hidden = false;
      if (isCopy) { offers.querySelector(".choice").hidden = false; }
      window.nagarvani.announce(offers.querySelector("p").textContent);
    };
    const offerIfSlow = () => window.setTimeout(() => { if (!isLoaded(image)) { offer(); } }, SLOW_MS);
    image.addEventListener("error", offer);
    image.addEventListener("load", () => {
      offers.hidden = true;
      twins.forEach((twin) => { if (!isLoaded(twin)) { twin.src = image.src; } });
    });
    all("[data-load]", offers).forEach((button) => button.addEventListener("click", () => {
      isCopy = button.hasAttribute("data-is-copy");
      photo.querySelector(".photo-links a").focus();
      offers.hidden = true;
      image.loading = "eager";
      image.src = button.dataset.load;
      offerIfSlow();
    }));
    if (image.complete && !image.naturalWidth) { offer(); }
    return offerIfSlow;
  }

  function start() {
    if (!window.nagarvani) { return; }
    const form = document.querySelector("[data-photos-first]");
    const bar = form && form.closest(".decision-bar");
    const left = new Set();
    const onScreen = new Map(); // the timer of each photo that stands on the screen

    function show() {
      if (!form) { return; }
      const [look, approve] = [form.querySelector("[data-look]"), form.querySelector("[type=submit]")];
      const label = look.querySelector("span");
      label.dataset.pattern = label.dataset.pattern || label.textContent;
      label.textContent = label.dataset.pattern.replace("{n}", window.nagarvani.digits(left.size));
      const hadFocus = document.activeElement === look;
      look.hidden = left.size === 0;
      approve.hidden = left.size > 0;
      if (hadFocus && look.hidden) { approve.focus(); }
      const wasTicked = all("[data-elsewhere]:checked").length > 0;
      form.elements.pictures.value = left.size ? "not_known" : wasTicked ? "ticked" : "shown";
    }

    function countDown(photo, image) {
      window.clearTimeout(onScreen.get(photo));
      onScreen.set(photo, window.setTimeout(() => {
        if (!isLoaded(image)) { return; }
        photo.querySelector("[data-elsewhere]").checked = false;
        left.delete(photo);
        show();
      }, DWELL_MS));
    }

    function follow(photo) {
      const image = photo.querySelector("img");
      const tick = photo.querySelector("[data-elsewhere]");
      const offerIfSlow = offerAgain(photo, image);
      left.add(photo);
      const observer = new IntersectionObserver(([entry]) => {
        const share = entry.intersectionRect.height / Math.min(entry.boundingClientRect.height, entry.rootBounds.height);
        if (share >= ENOUGH && !onScreen.has(photo)) { countDown(photo, image); offerIfSlow(); }
        if (share < ENOUGH) { window.clearTimeout(onScreen.get(photo)); onScreen.delete(photo); }
      }, { threshold: Array.from({ length: 21 }, (_, step) => step / 20), rootMargin: "0px 0px -" + (bar ? bar.offsetHeight : 0) + "px 0px" });
      observer.observe(image);
      image.addEventListener("load", () => { if (onScreen.has(photo)) { countDown(photo, image); } });
      tick.addEventListener("change", () => {
        if (tick.checked) { left.delete(photo); } else { left.add(photo); }
        show();
      });
    }

    if (form) { form.removeAttribute("data-photos-first"); }
    const photos = all("[data-photo]");
    photos.forEach(follow);
    if (!form) { return; }
    show();
    form.querySelector("[data-look]").addEventListener("click", () => {
      const next = photos.find((photo) => left.has(photo));
      next.querySelector("img").scrollIntoView({ block: "center" });
      next.querySelector(".photo-links a").focus({ preventScroll: true });
    });
  }

  if (window.IntersectionObserver) { document.addEventListener("DOMContentLoaded", start); }
})();
