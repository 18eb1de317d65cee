// The panel of what is selected: a region or the default rule. What is typed goes to the draft as it is typed; what
// is wrong with it stands beside the field, in the server's words.
"use strict";

hmiEditor.form = (root, draft) => {
  const fields = [...root.querySelectorAll("[data-field]")];
  const corners = root.querySelector("[data-corners]");

  const isDefault = () => draft.selected === hmiEditor.DEFAULT;
  const value = () => (draft.selected ? draft.get(draft.selected) : null);

  // What is no number goes to the server as it is: it says what is wrong with it.
  const number = (text) => (text === "" ? null : /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : text);
  const read = (field) => {
    if (field.type === "checkbox") return field.checked;
    const text = field.dataset.kind === "text" ? field.value : field.value.trim();
    return field.dataset.kind === "number" ? number(text) : text === "" && field.dataset.empty === "null" ? null : text;
  };

  // A part type that no part of this camera had is one all the same.
  const write = (field, held) => {
    if (held && field.options && ![...field.options].some(({ value }) => value === held)) field.add(new Option(held, held));
    if (field.type === "checkbox") field.checked = held !== false;
    else if (field !== document.activeElement || String(read(field) ?? "").trim() !== String(held ?? "").trim()) field.value = held ?? "";
  };
  const show = () => {
    const region = value();
    root.hidden = !region;
    if (!region) return;
    root.dataset.shows = isDefault() ? "default" : region.kind;
    for (const field of fields) write(field, region[field.dataset.field]);
    say();
    list();
  };

  // Beside its field; what belongs to none that is seen stands at the top.
  const say = () => {
    const errors = draft.errors.get(draft.selected) ?? [];
    const warnings = draft.warnings.get(draft.selected) ?? [];
    const places = [...root.querySelectorAll("[data-said]")];
    const seen = new Set(places.map((place) => place.dataset.said));
    for (const place of places) {
      const isOf = ({ field }) => (place.dataset.said === "" ? !seen.has(field) : field === place.dataset.said);
      const [wrong, doubtful] = [errors.filter(isOf), warnings.filter(isOf)];
      place.className = wrong.length ? "wrong" : "doubtful";
      place.textContent = (wrong.length ? wrong : doubtful).map(({ text }) => text).join(" ");
      place.hidden = !place.textContent;
      const field = root.querySelector(`[data-field="${place.dataset.said}"]`);
      field?.setAttribute("aria-invalid", String(wrong.length > 0));
    }
    const folded = [...root.querySelectorAll("details:not([open])")].find((one) => one.querySelector("[data-said].wrong"));
    if (folded) folded.open = true;
  };

  // The table of corners; it is made only while somebody looks at it.
  const list = () => {
    const polygon = value()?.polygon ?? [];
    hmiEditor.fill(root, { corners: polygon.length });
    if (!corners.open) return;
    const rows = corners.querySelector("tbody");
    while (rows.rows.length > polygon.length) rows.rows[rows.rows.length - 1].remove();
    polygon.forEach(([x, y], index) => {
      const row = rows.rows[index] ?? rows.appendChild(hmiEditor.filled("corner", { number: index + 1 }));
      row.toggleAttribute("aria-current", index === draft.vertex);
      for (const [axis, held] of [["x", x], ["y", y]]) {
        const field = row.querySelector(`[name=${axis}]`);
        field.ariaLabel = `${axis} of corner ${index + 1}, px`;
        if (field === document.activeElement && (field.ariaInvalid === "true" || Number(field.value) === held)) continue;
        Object.assign(field, { value: held, ariaInvalid: "false" });
      }
    });
  };

  const typed = (field) => {
    const { selected } = draft;
    const region = value();
    if (!region) return;
    if (field.dataset.field) return draft.change(selected, { ...region, [field.dataset.field]: read(field) }, `${field.dataset.field} ${selected}`);
    const row = field.closest("[data-corners] tr");
    const [there, index] = [number(field.value.trim()), row?.sectionRowIndex];
    if (row) field.ariaInvalid = String(typeof there !== "number");
    if (!row || typeof there !== "number") return;
    const polygon = region.polygon.map((vertex, at) => (at === index ? (field.name === "x" ? [there, vertex[1]] : [vertex[0], there]) : vertex));
    draft.change(selected, { ...region, polygon }, `corner ${index} ${selected}`);
  };
  root.addEventListener("input", ({ target }) => typed(target));
  root.addEventListener("submit", (event) => event.preventDefault());
  root.addEventListener("focusin", ({ target }) => {
    const row = target.closest("[data-corners] tr");
    if (row && row.parentElement.tagName === "TBODY") draft.select(draft.selected, row.sectionRowIndex);
  });
  for (const name of ["toggle", "focusout"]) corners.addEventListener(name, () => setTimeout(list)); // what is no number gives way
  for (const name of ["select", "taken"]) draft.addEventListener(name, show);
  draft.addEventListener("change", ({ detail }) => detail === draft.selected && show());
  draft.addEventListener("errors", ({ detail }) => detail === draft.selected && say());
};
