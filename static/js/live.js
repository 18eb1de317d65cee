// The watchdog. The screen counts as live only while answers arrive that are whole, ours, not older than what
// is shown, and say that the plant was read within the last 5 s. It needs no response to notice that they do
// not, and works from the monotonic clock.
"use strict";

(() => {
  const root = document.documentElement;
  const screen = document.querySelector("[data-live]");
  if (!screen) return;

  const FRESH_MS = 5000;
  const PATIENCE_MS = 2000; // a page that was just loaded or woken is veiled, but accuses nobody yet
  const HOLD_MS = 2000; // longest time for which a finger on the screen holds back a change
  const CLICK_MS = 300; // the click of a finger that was lifted comes within this time
  const SUSPENDED_MS = 3000; // wall clock and monotonic clock apart by this: the machine slept, or time was set
  const banner = document.getElementById("link");
  const clock = window.hmiClock;

  let version = Number(screen.dataset.version);
  let plantReadAt = -Infinity; // performance.now() at which the plant was last known to be read
  let answeredAt = -Infinity; // …at which the last good answer came
  let askedAt = performance.now(); // …since which a first answer is awaited, after loading or waking
  let failure = "NO CONNECTION";
  let trouble = "";
  let lostAt = null; // server time at which freshness ended
  let pollNumber = Math.floor(Math.random() * 1e9); // not those that a cache may know from the last page
  let polledAt = -Infinity; // …at which the last poll went out
  let distrustedAt = -Infinity; // …before which nothing that was asked counts
  let accepted = null; // what the answer being swapped in said
  let heldUntil = -Infinity; // until then a finger is on the screen, or its click still to come
  let touchedVersion = version; // what was shown when the finger came down
  let isReloading = false;
  let wallAheadMs = Date.now() - performance.now();

  // What an answer says of itself; null if it is not one of ours or older than what is shown.
  const read = (xhr, echo) => {
    const header = (name) => xhr.getResponseHeader(name);
    const said = {
      version: Number(header("X-HMI-Snapshot") ?? NaN),
      build: header("X-HMI-Build"),
      ageMs: Number(header("X-HMI-Age") ?? NaN),
      nowMs: Number(header("X-HMI-Now") ?? NaN),
      trouble: header("X-HMI-Trouble") ?? "",
    };
    if (!said.build || Number.isNaN(said.version) || header("X-HMI-Echo") !== echo) return null;
    if (said.version < version || polledAt < distrustedAt) return null;
    return said;
  };

  const accept = (said) => {
    answeredAt = performance.now();
    trouble = said.trouble;
    version = said.version;
    if (!Number.isNaN(said.nowMs)) clock.set(said.nowMs);
    if (!Number.isNaN(said.ageMs)) plantReadAt = polledAt - said.ageMs; // however long the answer took
    look();
    clock.tick();
  };

  const fail = (kind) => {
    failure = kind;
    look();
  };

  // Which state the screen is in, from clocks alone.
  const look = () => {
    const ageMs = performance.now() - plantReadAt;
    const isFresh = ageMs <= FRESH_MS;
    const age = document.querySelector("[data-age]");
    if (age && Number.isFinite(ageMs)) age.textContent = clock.duration(ageMs);
    if (document.hidden) return show("starting", ""); // veiled already in the first frame when shown again
    if (isFresh) return show("live", "");
    if (lostAt === null) lostAt = clock.now() - (Number.isFinite(ageMs) ? ageMs : 0);
    const since = Number.isNaN(lostAt) ? "" : ` since ${clock.clockTime(lostAt, screen.dataset.zone)}`;
    const answers = performance.now() - answeredAt <= FRESH_MS;
    if (!answers && performance.now() - askedAt < PATIENCE_MS) return show("starting", "");
    if (!answers) return show(failure === "SERVER ERROR" ? "error" : "lost", `${failure}${since}`);
    return show("stale", `STALE: plant not read${since}${trouble ? ` (${trouble})` : ""}`);
  };

  // Nobody answers: going anywhere would end in the browser's own error page.
  const isCutOff = () => ["lost", "error"].includes(root.dataset.link);

  const show = (state, text) => {
    if (state === "live") lostAt = null;
    if (root.dataset.link !== state) root.dataset.link = state;
    if (banner.textContent !== text) banner.textContent = text;
    banner.hidden = text === "";
    const short = text.split(" (")[0]; // why is said once, above
    for (const note of document.querySelectorAll("[data-link-text]")) {
      if (note.textContent !== short) note.textContent = short;
    }
  };

  // One reload when the server was upgraded, and only once it answers.
  const reloadFor = async (build) => {
    if (isReloading || sessionStorage.getItem("hmi-reloaded-for") === build) return;
    isReloading = true;
    const asked = { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) };
    const isAlive = await fetch("/livez", asked).then((alive) => alive.ok, () => false);
    isReloading = isAlive;
    if (!isAlive) return;
    sessionStorage.setItem("hmi-reloaded-for", build);
    location.reload();
  };

  const isOurs = (event) => event.detail.elt === screen;

  document.addEventListener("htmx:configRequest", (event) => {
    if (!isOurs(event)) return;
    pollNumber += 1;
    polledAt = performance.now();
    event.detail.parameters.set("v", version);
    event.detail.parameters.set("n", pollNumber);
  });

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!isOurs(event)) return;
    accepted = null;
    const xhr = event.detail.xhr;
    const said = xhr.status === 200 || xhr.status === 204 ? read(xhr, String(pollNumber)) : null;
    if (said === null) {
      event.preventDefault();
      if (xhr.status === 401) return location.reload(); // a sign-in is needed, and its form comes instead
      fail(xhr.status >= 500 ? "SERVER ERROR" : "NO CONNECTION");
      return;
    }
    if (said.build !== screen.dataset.build) {
      event.preventDefault();
      reloadFor(said.build);
      return;
    }
    if (xhr.status === 204) accept(said);
    else accepted = said;
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isOurs(event) || accepted === null) return;
    if (performance.now() > heldUntil) return;
    event.detail.shouldSwap = false; // the version stays: the next poll brings it again
    accepted = null;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (accepted === null || !(event.detail.elt === screen || screen.contains(event.detail.elt))) return;
    accept(accepted);
    accepted = null;
    markFrozen();
  });

  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => isOurs(event) && fail("NO CONNECTION"));
  }

  // In a frozen page the strip follows the line; the card of the frozen run stays marked.
  const markFrozen = () => {
    const run = screen.dataset.frozenRun;
    if (!run) return;
    for (const card of document.querySelectorAll(".card")) {
      card.toggleAttribute("aria-current", card.dataset.run === run);
    }
  };

  // A finger acts on what was shown when it came down: nothing changes under it for a while, and if something
  // did after all, its click is not taken.
  addEventListener("pointerdown", () => {
    heldUntil = performance.now() + HOLD_MS;
    touchedVersion = version;
  }, true);
  for (const name of ["pointerup", "pointercancel"]) {
    addEventListener(name, () => (heldUntil = performance.now() + CLICK_MS), true);
  }
  addEventListener("click", (event) => {
    heldUntil = -Infinity;
    const isOfAFinger = event.detail > 0;
    const leadsNowhere = event.target.closest("a") !== null && isCutOff();
    if (!(isOfAFinger && touchedVersion !== version) && !leadsNowhere) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  // A page that was hidden or asleep is veiled before it is seen again, then asks at once.
  const distrust = () => {
    distrustedAt = performance.now();
    plantReadAt = -Infinity;
    answeredAt = -Infinity;
    askedAt = performance.now();
    look();
  };
  const wake = () => {
    distrust();
    screen.dispatchEvent(new CustomEvent("wake"));
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? distrust() : wake()));
  document.addEventListener("freeze", distrust);
  document.addEventListener("resume", wake);
  addEventListener("pageshow", (event) => event.persisted && wake());

  setInterval(() => {
    const ahead = Date.now() - performance.now();
    if (Math.abs(ahead - wallAheadMs) > SUSPENDED_MS) distrust();
    wallAheadMs = ahead;
    look();
  }, 200);
  markFrozen();
})();
