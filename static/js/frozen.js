// A frozen page goes back to the live grid (or where data-frozen-to says) when nobody has touched it for a while, and a server is there.
"use strict";

(() => {
  const screen = document.querySelector("[data-frozen-s]");
  if (!screen) return;
  const PATIENCE_MS = 2000;
  let touchedAt = performance.now();
  let isAsking = false;

  const isForgotten = () => performance.now() - touchedAt > Number(screen.dataset.frozenS) * 1000;

  const goLive = async () => {
    if (isAsking || !isForgotten()) return;
    isAsking = true;
    const asked = { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) };
    const isAlive = await fetch("/livez", asked).then((alive) => alive.ok, () => false);
    isAsking = false;
    if (isAlive && isForgotten()) location.assign(screen.dataset.frozenTo ?? "/");
  };

  for (const name of ["pointerdown", "keydown", "wheel", "scroll"]) {
    addEventListener(name, () => (touchedAt = performance.now()), { capture: true, passive: true });
  }
  setInterval(goLive, 500);
})();
