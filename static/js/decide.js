// The decision panel, wherever a defect or a part is shown. Its form works without this; here a refusal is
// shown in its place with what was typed, and a lost answer says so and can be sent again: the same key is never
// taken twice.
"use strict";

(() => {
  const panelOf = (element) => element?.closest?.("[data-panel]") ?? null;

  const say = (panel, text) => {
    let said = panel.querySelector("[data-lost]");
    if (!said) {
      said = Object.assign(document.createElement("p"), { className: "refused", role: "alert" });
      said.dataset.lost = "";
      panel.querySelector("form").before(said);
    }
    said.textContent = text;
  };

  // 4xx answers are the panel anew, with what is wrong beside the field.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target } = event.detail;
    if (!panelOf(target) || xhr.status < 400) return;
    const isPanel = (xhr.responseText ?? "").includes("data-panel");
    event.detail.shouldSwap = isPanel;
    event.detail.isError = false;
    if (!isPanel) say(target, xhr.status === 401 ? "Signed out: sign in again, then decide." : `Not stored (${xhr.status}). Nothing was decided; press again.`);
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.body.addEventListener(name, (event) => {
      const panel = panelOf(event.detail.target);
      if (panel) say(panel, "No connection. It is not known whether it was stored: press again, it counts once.");
    });
  }
  document.body.addEventListener("htmx:afterSwap", (event) => {
    const asked = event.detail.requestConfig;
    if (asked?.path !== "/decisions" || event.detail.xhr.status >= 300) return;
    const panel = document.getElementById(event.detail.target.id) ?? event.detail.elt;
    document.body.dispatchEvent(new CustomEvent("decided", { detail: { panel, word: asked.formData.get("word") } }));
  });
})();
