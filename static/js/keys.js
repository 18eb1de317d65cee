// Keys and scanner share one island. A scanner is a keyboard that types fast: characters that follow each
// other within 40 ms are a scan and never shortcuts; a shortcut that is a character acts once the keys have
// been silent for 80 ms. Keys that no scanner sends (arrows, Escape) act at once.
//
//   hmiKeys.bind({ ArrowRight: next, "+": zoomIn })
//   document.addEventListener("hmi:scan", (event) => …)  detail is the text; preventDefault() keeps it
"use strict";

window.hmiKeys = (() => {
  const BURST_MS = 40;
  const SILENCE_MS = 80;
  const SCAN_LENGTH = 4; // shorter bursts are nobody's: neither a scan nor shortcuts
  const LONGEST = 500;
  const TOLD_MS = 6000;
  const IGNORED = new Set(["Shift", "CapsLock", "AltGraph", "Dead", "Unidentified"]);
  const actions = new Map();
  let typed = []; // characters since the last silence: { key, at, isBurst }
  let timer = 0;
  let newest = 0; // of several scans only the last one counts
  let scannedAt = -Infinity;

  const isField = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]") != null;
  const isBurst = () => typed.some((one) => one.isBurst);

  const settle = () => {
    const keys = typed;
    typed = [];
    if (keys.some((one) => one.isBurst)) {
      const text = keys.map((one) => one.key).join("").trim();
      if (text.length >= SCAN_LENGTH) scanned(text.slice(0, LONGEST));
      return;
    }
    for (const { key, event } of keys) actions.get(key)?.(event);
  };

  const scanned = (text) => {
    scannedAt = performance.now();
    const event = new CustomEvent("hmi:scan", { detail: text, cancelable: true });
    if (document.dispatchEvent(event)) find(text);
  };

  // Where the part of a scan is to be found; what nobody knows leads nowhere.
  const find = async (text) => {
    const mine = (newest += 1);
    const asked = { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(2500) };
    const answer = await fetch(`/search?${new URLSearchParams({ q: text })}`, asked).then(
      (response) => (response.ok ? response.json() : { failed: true }),
      () => ({ failed: true }),
    );
    if (mine !== newest) return;
    if (answer.address) return location.assign(answer.address);
    tell(answer.failed ? `Scanned ${text}: the server did not answer.` : `Not recognised: ${text}`);
  };

  let told = null;
  const tell = (text) => {
    told ??= Object.assign(document.createElement("p"), { className: "scanned", role: "status" });
    told.textContent = text;
    document.body.append(told);
    clearTimeout(told.timer);
    told.timer = setTimeout(() => told.remove(), TOLD_MS);
  };

  addEventListener(
    "keydown",
    (event) => {
      if (IGNORED.has(event.key) || isField(event.target)) return;
      const last = typed.at(-1);
      const isFast = last !== undefined && event.timeStamp - last.at < BURST_MS && !event.repeat;
      if ((event.key === "Enter" || event.key === "Tab") && (isFast || isBurst())) {
        event.preventDefault(); // the end of a scan presses no button
        clearTimeout(timer);
        return settle();
      }
      if (event.ctrlKey && !event.altKey) return actions.get(`Control+${event.key.toLowerCase()}`)?.(event);
      if (event.altKey || event.metaKey) return;
      if (event.key.length > 1) return actions.get(event.key)?.(event);
      if (isFast) {
        last.isBurst = true;
        event.preventDefault();
      }
      typed.push({ key: event.key, at: event.timeStamp, isBurst: isFast, event });
      clearTimeout(timer);
      timer = setTimeout(settle, SILENCE_MS);
    },
    true,
  );
  // A space within a scan presses the button that has the focus when it is let go.
  addEventListener("keyup", (event) => {
    const isOfScan = isBurst() || performance.now() - scannedAt < SILENCE_MS;
    if (event.key === " " && isOfScan) event.preventDefault();
  }, true);

  return { bind: (bound) => Object.entries(bound).forEach(([key, action]) => actions.set(key, action)), tell };
})();
