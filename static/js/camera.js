// The page of a camera: it follows the line until somebody looks closer; then the image is frozen, and the
// address names it.
"use strict";

(() => {
  const root = document.getElementById("viewer");
  if (!root) return; // without any image: the page asks for itself until there is one

  const viewer = hmiViewer(root);
  const inspector = () => document.getElementById("inspector");
  const frozen = document.getElementById("frozen");
  const screen = document.getElementById("screen");
  let isAsking = false;
  let [wanted, shown, caughtUpAt] = [0, 0, 0]; // news of the line: an answer that is lost is asked for again

  screen.classList.toggle("follows", root.dataset.follows !== undefined);
  const isLive = () => root.dataset.follows !== undefined;

  const freeze = () => {
    if (!isLive()) return;
    delete root.dataset.follows;
    frozen.hidden = false;
    screen.classList.replace("follows", "is-frozen");
    history.replaceState(null, "", `/images/${root.dataset.image}`);
  };

  const show = () => viewer.show({ selected: inspector().dataset.selected, showsAll: inspector().dataset.shows === "all" });
  const load = () => viewer.load().then(show, () => delete root.dataset.ready);

  // Another image of this camera, or news of this one: taken over piece by piece, the viewer stays.
  const follow = async () => {
    if (!isLive() || isAsking) return;
    isAsking = true;
    const now = wanted;
    const asked = { cache: "no-store", signal: AbortSignal.timeout(8000) };
    const address = `${root.dataset.follows}?have=${root.dataset.digest}`;
    const response = await fetch(address, asked).catch(() => null);
    isAsking = false;
    if (response?.ok) shown = now;
    if (response?.status !== 200 || !isLive()) return;
    take(new DOMParser().parseFromString(await response.text(), "text/html"));
  };

  const take = (page) => {
    const next = page.getElementById("viewer");
    if (!next) return location.reload();
    const isOther = next.dataset.image !== root.dataset.image || next.dataset.pieces !== root.dataset.pieces;
    for (const name of Object.keys(next.dataset)) root.dataset[name] = next.dataset[name];
    for (const id of ["about", "frozen", "inspector", "strip"]) {
      const [now, then] = [document.getElementById(id), page.getElementById(id)];
      if (now && then) Idiomorph.morph(now, then, { morphStyle: "outerHTML" });
      htmx.process(document.getElementById(id));
    }
    const [still, newStill] = [root.querySelector(".still"), next.querySelector(".still")];
    if (still && newStill) still.src = newStill.src;
    isOther || !("ready" in root.dataset) ? load() : viewer.redraw().then(show);
  };

  const press = (id) => () => document.querySelector(`a#${id}`)?.click();

  document.addEventListener("htmx:afterSwap", ({ target }) => {
    if (target.id !== "inspector") return void (wanted += 1);
    freeze();
    show();
    if (inspector().dataset.selected) viewer.fly(inspector().dataset.selected);
    const [list, row] = [document.querySelector(".rows"), document.querySelector(".row-key[aria-current]")];
    if (row) list.scrollTop = row.offsetTop; // and nothing but the list moves
  });
  document.addEventListener("htmx:afterRequest", ({ target }) => {
    if (target !== screen) return;
    shown < wanted ? follow() : (caughtUpAt = performance.now());
    screen.classList.toggle("is-behind", performance.now() - caughtUpAt > 5000);
  });
  root.addEventListener("viewer:touch", freeze);
  root.addEventListener("viewer:pick", ({ detail }) => {
    const all = inspector().dataset.shows === "all" ? "&show=all" : "";
    const address = `/images/${root.dataset.image}?defect=${detail}${all}`;
    const how = { source: inspector(), target: "#inspector", swap: "morph:outerHTML" };
    htmx.ajax("GET", address, how).then(() => history.replaceState(null, "", address));
  });

  hmiKeys.bind({
    ArrowLeft: press("previous"),
    ArrowRight: press("next"),
    ArrowUp: press("previous"),
    ArrowDown: press("next"),
    o: viewer.turn,
    a: press("show-all"),
  });
  load();
})();
