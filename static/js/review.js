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
  const done = []; // decided here, in order: what U takes back
  let current = null;
  let isFetching = false;

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

  const fetchMore = async () => {
    const further = queue.querySelector("[data-next]");
    if (!further || isFetching) return;
    isFetching = true;
    try {
      const answer = await fetch(`/review?${further.dataset.next}`, { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(10000) });
      if (!answer.ok) return;
      const holder = document.createElement("template");
      holder.innerHTML = await answer.text();
      const known = new Set(items().map((item) => item.id));
      for (const item of holder.content.querySelectorAll("[data-open]")) if (known.has(item.id)) item.remove();
      const added = [...holder.content.children];
      further.replaceWith(...added);
      for (const item of added) htmx.process(item);
    } catch {
      // the key "More" stays, and the next step asks again
    } finally {
      isFetching = false;
    }
  };

  // Marked from its panel, which is the server's word.
  const mark = (item) => {
    const word = item.querySelector('[data-panel][data-subject="defect"]')?.dataset.word ?? "";
    item.classList.toggle("is-decided", Boolean(word));
  };

  document.body.addEventListener("decided", (event) => {
    const item = event.detail.panel.closest("[data-open]");
    if (!item || event.detail.panel.dataset.subject !== "defect") return;
    mark(item);
    if (undecided(item)) return show(item);
    done.push(item);
    if (item === current) nextUndecided();
  });

  const press = (item, word) => {
    const key = item?.querySelector(`[data-panel][data-subject="defect"] [data-does="${word}"]`);
    if (key && !key.disabled) key.click();
  };

  const takeBack = () => {
    const item = done.pop();
    if (!item) return;
    show(item);
    press(item, "undo");
  };

  const pick = (item) => {
    item?.classList.toggle("is-picked");
    countPicked();
  };

  const picked = () => items().filter((item) => item.classList.contains("is-picked"));

  const countPicked = () => {
    const count = picked().length;
    batch.hidden = !count;
    batch.querySelector("[data-picked]").textContent = count;
  };

  const decideAll = async (word) => {
    const said = batch.querySelector(".batch-said");
    const chosen = picked();
    const field = (item, name) => item.querySelector(`[data-panel][data-subject="defect"] [name="${name}"]`)?.value;
    const wishes = chosen.map((item) => ({ of: field(item, "of"), state: field(item, "state"), key: field(item, "key"), image: item.dataset.image }));
    said.textContent = "storing…";
    let answer;
    try {
      answer = await fetch("/decisions/batch", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content },
        body: JSON.stringify({ subject: "defect", word, reason: batch.querySelector('[name="reason"]').value, items: wishes }),
        signal: AbortSignal.timeout(20000),
      });
    } catch {
      said.textContent = "No connection. Press again: each counts once.";
      return;
    }
    if (!answer.ok) {
      said.textContent = answer.status === 401 ? "Signed out: sign in again." : `Not stored (${answer.status}): ${(await answer.json().catch(() => ({}))).error ?? ""}`;
      return;
    }
    const { taken, refused } = await answer.json();
    said.textContent = refused.length ? `${taken.length} stored, ${refused.length} refused: ${refused[0].error}` : "";
    await Promise.allSettled(chosen.map((item) => refresh(item)));
    for (const item of chosen) if (!undecided(item)) item.classList.remove("is-picked");
    document.body.dispatchEvent(new CustomEvent("decided", { detail: { panel: review } }));
    countPicked();
    nextUndecided();
  };

  // Not by htmx.ajax: it asks for one at a time.
  const refresh = async (item) => {
    const answer = await fetch(`/decisions/panel/defect/${item.dataset.open}`, { signal: AbortSignal.timeout(10000) });
    if (!answer.ok) return;
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    const panel = holder.content.firstElementChild;
    item.querySelector('[data-panel][data-subject="defect"]').replaceWith(panel);
    htmx.process(panel);
    mark(item);
  };

  review.classList.add("is-island");
  for (const key of document.querySelectorAll("[data-help-key]")) {
    key.hidden = false;
    key.addEventListener("click", () => help.showModal());
  }
  queue.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (!row || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const item = row.closest("[data-open]");
    if (event.shiftKey) pick(item);
    else show(item);
  });
  batch.addEventListener("click", (event) => {
    const word = event.target.closest("[data-batch-word]")?.dataset.batchWord;
    if (word) decideAll(word);
    if (event.target.closest("[data-batch-none]")) {
      for (const item of picked()) item.classList.remove("is-picked");
      countPicked();
    }
  });
  batch.addEventListener("submit", (event) => event.preventDefault());

  queue.addEventListener("keydown", (event) => {
    if (event.key === "Escape") event.target.blur();
  });
  const bind = (keys) => {
    for (const [key, act] of Object.entries(keys)) hmiKeys.bind({ [key]: () => help.open || act() });
  };

  const reason = () => current?.querySelector('[data-panel][data-subject="defect"] [data-reason]');
  bind({
    o: () => press(current, "okay"),
    s: () => press(current, "scrap"),
    u: takeBack,
    j: () => step(1),
    k: () => step(-1),
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    n: nextUndecided,
    x: () => pick(current),
    r: () => reason()?.focus(),
    v: () => current?.querySelector('[data-does="view"]')?.click(),
    "?": () => help.showModal(),
  });

  for (const item of items()) mark(item);
  show(items().find(undecided) ?? items()[0]);
})();
