// The region editor: its islands, each with one job, and what one tells the other.
"use strict";

(async () => {
  const root = document.getElementById("viewer");
  const page = document.getElementById("editor");
  const draft = hmiEditor.draft();
  const dialogs = hmiEditor.dialogs(page, draft);
  const saving = hmiEditor.saving(page, draft, dialogs.ask);
  dialogs.bind(saving);
  hmiEditor.form(document.querySelector("[data-form]"), draft);
  document.addEventListener("pointerdown", ({ target }) => target.closest(".menu") || (document.querySelector(".menu").open = false));
  const whatIf = hmiEditor.whatIf(document.querySelector("[data-what-if]"), draft, hmiEditor.asking(page, page.dataset.whatIfs), saving);

  const head = () => {
    const { changed, next_version: next } = draft.served;
    hmiEditor.fill(page, { draft: changed ? `v${next} · ${changed} ${changed === 1 ? "change" : "changes"}` : "no changes" });
    for (const key of document.querySelectorAll("[data-opens=publish], [data-opens=discard]")) key.disabled = !changed;
  };
  for (const name of ["taken", "saved"]) draft.addEventListener(name, head);

  let shapes = null;
  hmiEditor.list(document.querySelector("[data-list]"), draft, (key) => shapes?.fly(key));

  const draw = async () => {
    let drawing = null;
    const clicked = (event) => drawing.isDrawing() || shapes.tap(event);
    const map = hmiMap(root, { clicked });
    const info = await map.prepare();
    shapes = hmiEditor.shapes(map, draft, info);
    const named = hmiEditor.spotOf(location.search, info);
    const beside = { named, list: document.querySelector("[data-spots]"), histogram: document.querySelector("[data-histogram]") };
    const dots = hmiEditor.dots(draft, hmiEditor.asking(page, page.dataset.dots), { ...beside, ignore: (spot) => drawing.add(spot) });
    map.build(info, { layers: [dots.layer, ...shapes.layers], pxPerMm: draft.served?.px_per_mm ?? (Number(root.dataset.pxPerMm) || null) });
    if (named) map.fly([named.x, named.y], 1, 0);
    for (const one of [...shapes.interactions, ...shapes.snaps]) map.current().addInteraction(one);
    drawing = hmiEditor.drawing(root, map, draft, shapes);
    document.querySelector("[data-toggles=dots]").addEventListener("click", ({ currentTarget }) => currentTarget.setAttribute("aria-pressed", String(dots.toggle())));
    const load = async () => (await dots.load(whatIf.parts()), named && beside.list.scrollIntoView({ block: "nearest" }));
    document.querySelector("[data-span]").addEventListener("change", load);
    load();
    return drawing;
  };

  const unseen = (error) => (console.error(error), hmiKeys.tell("The picture is not there now: what is drafted and its limits are. Reload to draw."), null);
  const drawing = root.dataset.pieces ? await draw().catch(unseen) : null;
  await saving.load();
  drawing?.show();
  page.dataset.editing = "";
})();
