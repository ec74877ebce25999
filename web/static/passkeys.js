/* form[data-passkey]: a browser that has passkeys makes one ("create") or uses one ("get").
   The form is hidden without the script or without passkeys; [data-without-passkey] then says the other ways. */
"use strict";

(function () {
  const api = window.PublicKeyCredential;
  const parse = {
    create: api && api.parseCreationOptionsFromJSON,
    get: api && api.parseRequestOptionsFromJSON,
  };

  async function answer(form) {
    const response = await fetch(form.dataset.options, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
    });
    if (!response.ok) { throw new Error(response.statusText); }
    const kind = form.dataset.passkey;
    const publicKey = parse[kind].call(api, await response.json());
    return navigator.credentials[kind]({ publicKey });
  }

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    if (!parse[form.dataset.passkey]) { return; }
    const button = form.querySelector("[data-passkey-button]");
    const problem = form.querySelector("[data-passkey-problem]");
    form.hidden = false;
    document.querySelectorAll("[data-without-passkey]").forEach((text) => { text.hidden = true; });
    button.addEventListener("click", async () => {
      button.disabled = true;
      problem.hidden = true;
      try {
        form.elements.credential.value = JSON.stringify(await answer(form));
        form.requestSubmit();
      } catch {
        problem.hidden = false;
        button.disabled = false;
      }
    });
  });
})();
