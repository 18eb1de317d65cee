// Ages that tick: every element with data-since (ms since 1970, the server's clock) shows how long ago that
// was. The kiosk's own clock is not trusted: the server's time comes with every answer and is carried on by
// the monotonic clock.
"use strict";

window.hmiClock = (() => {
  let serverMs = Number(document.querySelector("[data-now]")?.dataset.now ?? NaN);
  let atMs = performance.now();

  const now = () => serverMs + (performance.now() - atMs);

  const duration = (ms) => {
    const s = Math.max(0, Math.round(ms / 1000));
    if (s < 60) return `${s} s`;
    const mm = Math.floor(s / 60);
    if (mm < 60) return `${mm}:${String(s % 60).padStart(2, "0")} min`;
    const h = Math.floor(mm / 60);
    return h < 48 ? `${h}:${String(mm % 60).padStart(2, "0")} h` : `${Math.floor(h / 24)} days`;
  };

  const tick = () => {
    if (Number.isNaN(serverMs)) return;
    for (const element of document.querySelectorAll("[data-since]")) {
      show(element, `${duration(now() - Number(element.dataset.since))} ago`);
    }
    for (const element of document.querySelectorAll("[data-idle-after][data-since]")) {
      const idleMs = Number(element.dataset.idleAfter) * 1000;
      const silentMs = now() - Number(element.dataset.since);
      const isIdle = idleMs > 0 && silentMs > idleMs;
      element.parentElement.classList.toggle("is-idle", isIdle);
      if (isIdle) show(element, `no trigger for ${duration(silentMs)}`);
    }
  };

  const show = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  setInterval(tick, 250);
  return {
    now,
    duration,
    tick,
    set: (ms) => ([serverMs, atMs] = [ms, performance.now()]),
    clockTime: (ms, zone) =>
      new Date(ms).toLocaleTimeString("en-GB", { timeZone: zone || undefined, hour12: false }),
  };
})();
