// The regions of this camera, and the default rule last: select, hide, and which of them need somebody.
"use strict";

hmiEditor.list = (root, draft, fly) => {
  const rows = root.querySelector("ul");
  const mm = (limit) => (typeof limit === "number" ? `< ${limit.toFixed(2)} mm` : "no size limit");
  const words = (region) => {
    if (region.kind === "ignore") return ["ignore", region.part_number, !region.active && "off"];
    return [mm(region.size_threshold), region.part_number, region.active === false && "off"];
  };
  const rowOf = (key, region) => {
    const row = hmiEditor.filled("region", { name: region.region_id ?? "Default rule", words: words(region).filter(Boolean).join(" · ") });
    row.id = `region-${key}`;
    row.dataset.key = key;
    row.dataset.kind = key === hmiEditor.DEFAULT ? "default" : region.kind;
    if (key === draft.selected) row.querySelector("[data-select]").setAttribute("aria-current", "true");
    row.querySelector("[data-wrong]").hidden = !draft.errors.has(key);
    const eye = row.querySelector("[data-hide]");
    eye.hidden = key === hmiEditor.DEFAULT;
    eye.setAttribute("aria-pressed", String(draft.hidden.has(key)));
    eye.ariaLabel = `Hide ${region.region_id}`;
    return row;
  };

  let isDue = false;
  const show = () => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      const next = rows.cloneNode(false);
      const rule = draft.get(hmiEditor.DEFAULT);
      for (const region of draft.regions()) next.append(rowOf(region.key, region));
      if (rule) next.append(rowOf(hmiEditor.DEFAULT, rule));
      Idiomorph.morph(rows, next, { morphStyle: "outerHTML" });
      hmiEditor.fill(root, { regions: draft.regions().length });
    });
  };
  for (const name of ["change", "select", "errors", "hide", "taken"]) draft.addEventListener(name, show);
  draft.addEventListener("select", () => requestAnimationFrame(() => rows.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" })));
  root.addEventListener("click", ({ target }) => {
    const key = target.closest("[data-key]")?.dataset.key;
    if (key && target.closest("[data-hide]")) draft.hide(key);
    else if (key) (draft.select(key), fly(key));
  });
};
