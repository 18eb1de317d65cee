// Who touches nothing for as long as a session lasts is signed out by the server; the page then goes back to
// the live grid, so that no name and nothing private stays on the screen.
"use strict";

(() => {
  const caller = document.querySelector("[data-idle-s]");
  if (!caller) return;
  const GRACE_MS = 2000; // the server counts from a request, which comes a moment after the touch
  let touchedAt = performance.now();
  for (const name of ["pointerdown", "keydown", "wheel"]) {
    addEventListener(name, () => (touchedAt = performance.now()), { capture: true, passive: true });
  }
  const isCutOff = () => ["lost", "error"].includes(document.documentElement.dataset.link);
  setInterval(() => {
    const isForgotten = performance.now() - touchedAt > Number(caller.dataset.idleS) * 1000 + GRACE_MS;
    if (isForgotten && !isCutOff()) location.assign("/");
  }, 1000);
})();
