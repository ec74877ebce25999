/* A copy button beside each field or text with [data-copy]; without the script the text can be selected by hand. */
"use strict";

(function () {
  function say(field, button, label) {
    const oldLabel = button.textContent;
    button.textContent = label;
    window.setTimeout(function () { button.textContent = oldLabel; }, 2000);
    field.focus();
  }

  function copy(field, button) {
    if (field.select) { field.select(); } else { window.getSelection().selectAllChildren(field); }
    if (navigator.clipboard) {
      navigator.clipboard.writeText(field.select ? field.value : field.innerText).then(
        function () { say(field, button, field.dataset.copied); },
        function () { document.execCommand("copy"); }
      );
    } else if (document.execCommand("copy")) {
      say(field, button, field.dataset.copied);
    }
  }

  document.querySelectorAll("[data-copy]").forEach(function (field) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-plain not-printed";
    button.textContent = field.dataset.copy;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", function () { copy(field, button); });
    field.insertAdjacentElement("afterend", button);
  });
})();
