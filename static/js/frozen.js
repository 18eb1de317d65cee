// A frozen page goes back to the live grid when nobody has touched it for a while.
"use strict";

(() => {
  const screen = document.querySelector("[data-frozen-s]");
  if (!screen) return;
  let touchedAt = performance.now();
  for (const name of ["pointerdown", "keydown", "wheel", "scroll"]) {
    addEventListener(name, () => (touchedAt = performance.now()), { capture: true, passive: true });
  }
  const isCutOff = () => ["lost", "error"].includes(document.documentElement.dataset.link);
  setInterval(() => {
    const isForgotten = performance.now() - touchedAt > Number(screen.dataset.frozenS) * 1000;
    if (isForgotten && !isCutOff()) location.assign("/");
  }, 500);
})();
