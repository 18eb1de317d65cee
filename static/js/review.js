// The review queue with keys alone: one defect at a time, the next one after each decision, further ones fetched
// before they are needed.
"use strict";

(() => {
  const review = document.querySelector("[data-review]");
  if (!review) return;
  const queue = review.querySelector("[data-queue]");
  const batch = review.querySelector("[data-batch]");
  const help = document.querySelector("[data-help]");
  const AHEAD = 15; // so many before the end, further ones are fetched
  const said = review.querySelector("[data-said]");
  const back = document.querySelector("[data-take-back]");
  const done = []; // decided here, in order, batches whole: what U takes back
  let [current, isFetching, isStoring] = [null, false, false];

  const items = () => [...queue.querySelectorAll("[data-open]")];
  const undecided = (item) => !item.classList.contains("is-decided");

  const show = (item) => {
    if (!item) return;
    current?.classList.remove("is-current");
    current?.querySelector("[data-row]").removeAttribute("aria-current");
    current = item;
    item.classList.add("is-current");
    item.querySelector("[data-row]").setAttribute("aria-current", "true");
    item.querySelector("[data-row]").scrollIntoView({ block: "nearest" });
    for (const near of [item, item.nextElementSibling]) {
      const picture = near?.querySelector?.("img[loading]");
      if (picture) picture.loading = "eager";
    }
    const rest = items();
    if (rest.length - rest.indexOf(item) < AHEAD) fetchMore();
  };

  const step = (by) => {
    const all = items();
    show(all[Math.min(all.length - 1, Math.max(0, all.indexOf(current) + by))]);
  };

  const nextUndecided = () => {
    const all = items();
    const at = all.indexOf(current);
    show(all.slice(at + 1).find(undecided) ?? all.slice(0, at).find(undecided) ?? current);
  };

  const fetched = async (address) => {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(10000) });
    if (!answer.ok) throw new Error(answer.status);
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    return [...holder.content.children];
  };

  const fetchMore = async () => {
    const further = queue.querySelector("[data-next]");
    if (!further || isFetching) return;
    isFetching = true;
    const found = await fetched(`/review?${further.dataset.next}`).catch(() => null);
    isFetching = false;
    if (!found) return; // the key "More" stays, and the next step asks again
    const known = new Set(items().map((item) => item.id));
    const added = found.filter((item) => !known.has(item.id));
    further.replaceWith(...added);
    for (const item of added) htmx.process(item);
  };

  const panelOf = (item) => item.querySelector('[data-panel][data-subject="defect"]');
  const tickOf = (item) => item.querySelector("[data-tick]");

  // Marked from its panel, which is the server's word.
  const mark = (item) => item.classList.toggle("is-decided", Boolean((item.dataset.word = panelOf(item)?.dataset.word ?? "")));
  const picked = () => items().filter((item) => tickOf(item).checked);

  // How many are picked, and what U would take back: the newest that still stands.
  const count = () => {
    while (done.at(-1)?.every(undecided)) done.pop();
    const last = done.at(-1)?.length ?? 0;
    batch.querySelector("[data-picked]").textContent = `${picked().length} picked`;
    back.querySelector("span").textContent = last > 1 ? `Take back ${last}` : "Take back";
    back.disabled = !last;
  };
  const say = (textContent, why = "") => Object.assign(said, { textContent, className: `batch-said ${why && "refused"}` });

  document.body.addEventListener("decided", (event) => {
    const { panel, word } = event.detail;
    const item = panel.closest("[data-open]");
    if (!item || panel.dataset.subject !== "defect") return;
    say("");
    mark(item);
    const decides = word !== "undo" && word !== "comment";
    if (decides) done.push([item]);
    count();
    if (!decides) return show(item);
    if (item === current) nextUndecided();
  });

  const press = (item, word) => {
    const key = item && panelOf(item)?.querySelector(`[data-does="${word}"]`);
    if (key && !key.disabled) key.click();
  };

  // One that is not answered stays the next to be taken back. A batch is picked again, to be decided otherwise.
  const takeBack = () => {
    count();
    if (isStoring || !done.length) return;
    const last = done.at(-1).filter((item) => !undecided(item));
    show(last[0]);
    if (last.length === 1) return press(last[0], "undo");
    done.pop();
    for (const item of items()) tickOf(item).checked = last.includes(item);
    decideAll("undo");
  };

  // All that are picked. Sent again after a lost answer each counts once: the keys are those of the panels.
  const decideAll = async (word) => {
    const chosen = picked();
    if (isStoring || !chosen.length) return;
    isStoring = true;
    say("storing…");
    const body = new URLSearchParams(new FormData(batch));
    body.set("word", word);
    body.delete("item");
    for (const item of chosen) body.append("item", panelOf(item).dataset.tick);
    const how = { method: "POST", headers: { Accept: "application/json" }, body, signal: AbortSignal.timeout(20000) };
    const answer = await fetch("/decisions/batch", how).catch(() => null);
    const told = await answer?.json().catch(() => null);
    if (told?.taken) await stored(word, chosen, told);
    else if (word === "undo") done.push(chosen);
    if (!told) say("No connection. Press again: each counts once.", "lost");
    else if (!told.taken) say(answer.status === 401 ? "Signed out: sign in again." : `Not stored: ${told.error}`, "refused");
    isStoring = false;
    count();
  };

  // What was refused for want of something stays picked, with all that was typed; what others decided is shown.
  const stored = async (word, chosen, { taken, refused }) => {
    const isUndo = word === "undo";
    const refusalOf = (item) => refused.find((one) => one.of === item.dataset.open);
    await Promise.allSettled(chosen.filter((item) => !refusalOf(item)?.needs).map(refresh));
    for (const item of chosen) tickOf(item).checked = refusalOf(item)?.needs ?? (isUndo && !refusalOf(item));
    const standing = chosen.filter((item) => (isUndo ? refusalOf(item)?.needs : !refusalOf(item)));
    if (standing.length) done.push(standing);
    if (!refused.length) for (const field of batch.querySelectorAll(".field input")) field.value = "";
    const why = [...new Set(refused.map(({ error, first }) => (first ? `${error}: “${first.label}”` : error)))].join("; ");
    say(`${taken.length} ${isUndo ? "taken back" : "stored"}${why && `, ${refused.length} refused: ${why}`}`, why);
    document.body.dispatchEvent(new CustomEvent("decided", { detail: { panel: review } }));
    show(chosen.find(refusalOf) ?? chosen[0]);
    if (!refused.length && !isUndo) nextUndecided();
  };

  // Not by htmx.ajax: it asks for one at a time.
  const refresh = async (item) => {
    const [panel] = await fetched(`/decisions/panel/defect/${item.dataset.open}`);
    panelOf(item).replaceWith(panel);
    htmx.process(panel);
    mark(item);
  };

  review.classList.add("is-island");
  for (const [key, act] of [[back, takeBack], [document.querySelector("[data-help-key]"), () => help.showModal()]]) {
    key.hidden = false;
    key.addEventListener("click", act);
  }
  queue.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const item = row.closest("[data-open]");
    if (event.shiftKey) tickOf(item).click();
    else show(item);
  });
  queue.addEventListener("change", count);
  batch.addEventListener("reset", () => setTimeout(count));
  batch.addEventListener("submit", (event) => {
    event.preventDefault();
    decideAll(event.submitter.value);
  });

  queue.addEventListener("keydown", (event) => {
    if (event.key === "Escape") event.target.blur();
  });
  const keys = {
    o: () => press(current, "okay"),
    s: () => press(current, "scrap"),
    u: takeBack,
    j: () => step(1),
    k: () => step(-1),
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    n: nextUndecided,
    x: () => current && tickOf(current).click(),
    r: () => current && panelOf(current).querySelector("[data-reason]")?.focus(),
    v: () => current?.querySelector('[data-does="view"]')?.click(),
    "?": () => help.showModal(),
  };
  for (const [key, act] of Object.entries(keys)) hmiKeys.bind({ [key]: () => help.open || act() });

  items().forEach(mark);
  count();
  show(items().find(undecided) ?? items()[0]);
})();
