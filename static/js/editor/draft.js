// The draft as this page knows it: regions by key, in px of the full image and mm; the default rule stands among
// them under "default". Values are never altered, only replaced, so that undo is a list of what stood before.
// Events: "change" (detail: key), "select", "taken" (the server's draft came whole), "errors", "hide".
"use strict";

window.hmiEditor = {};

hmiEditor.DEFAULT = "default";

hmiEditor.same = (one, other) => {
  if (!one || !other) return !one && !other;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => JSON.stringify(one[name] ?? null) === JSON.stringify(other[name] ?? null));
};

hmiEditor.draft = () => {
  const draft = new EventTarget();
  const values = new Map();
  let past = []; // { key, before, after, step }
  let future = [];

  const tell = (name, detail) => draft.dispatchEvent(new CustomEvent(name, { detail }));
  const put = (key, value) => {
    if (value === null) values.delete(key);
    else values.set(key, value);
    if (draft.selected === key && value === null) draft.select(null);
    if (draft.selected === key && draft.vertex >= (value.polygon?.length ?? 0)) draft.vertex = null;
    tell("change", key);
  };

  const step = (from, to, side) => {
    const last = from.pop();
    if (!last) return;
    to.push({ ...last, step: (draft.step = null) });
    put(last.key, last[side]);
    if (last[side]) draft.select(last.key);
  };
  return Object.assign(draft, {
    served: null, // the server's last whole answer
    selected: null,
    vertex: null, // of the selected region: its index
    step: null, // the name of the last change, where more of it is to come: typing, nudging
    errors: new Map(), // key → [{ field, text, edges }] that the server named
    warnings: new Map(),
    hidden: new Set(),
    get: (key) => values.get(key) ?? null,
    regions: () => [...values].filter(([key]) => key !== hmiEditor.DEFAULT).map(([, region]) => region),
    names: () => ({ undo: past.length, redo: future.length }),
    // `name` joins what is typed or nudged in one go into one step of undo.
    change: (key, value, name = null) => {
      const before = values.get(key) ?? null;
      if (hmiEditor.same(before, value)) return;
      const last = past.at(-1);
      future = [];
      if (name && last?.step === name && last.key === key) last.after = value;
      else past.push({ key, before, after: value, step: name });
      draft.step = name;
      put(key, value);
    },
    undo: () => step(past, future, "before"),
    redo: () => step(future, past, "after"),
    // Without a step of undo: the server's word, or what was kept over a reload.
    put,
    take: (served, kept) => {
      draft.served = served;
      const theirs = new Map([[hmiEditor.DEFAULT, served.default], ...served.regions.map((region) => [region.key, region])]);
      for (const key of new Set([...values.keys(), ...theirs.keys()])) {
        const value = theirs.get(key) ?? null;
        if (!kept.has(key) && !hmiEditor.same(values.get(key) ?? null, value)) put(key, value);
      }
      tell("taken");
    },
    forget: () => ((past = []), (future = []), tell("taken")),
    select: (key, vertex = null) => {
      if (draft.selected === key && draft.vertex === vertex) return;
      Object.assign(draft, { selected: key, vertex });
      tell("select");
    },
    find: (key, errors, warnings) => {
      errors.length ? draft.errors.set(key, errors) : draft.errors.delete(key);
      warnings.length ? draft.warnings.set(key, warnings) : draft.warnings.delete(key);
      tell("errors", key);
    },
    hide: (key) => {
      if (!draft.hidden.delete(key)) draft.hidden.add(key);
      tell("hide", key);
    },
  });
};

// A copy of a <template> of the page: text into [data-text=name], values into fields of that name, addresses into
// [data-href=name] and [data-src=name].
hmiEditor.filled = (name, values) => {
  const copy = document.querySelector(`template[data-template="${name}"]`).content.firstElementChild.cloneNode(true);
  hmiEditor.fill(copy, values);
  return copy;
};

hmiEditor.fill = (element, values) => {
  for (const [name, value] of Object.entries(values)) {
    for (const [kind, property] of [["text", "textContent"], ["href", "href"], ["src", "src"]]) {
      for (const one of element.querySelectorAll(`[data-${kind}="${name}"]`)) if (one[property] !== String(value)) one[property] = value;
    }
  }
};

hmiEditor.count = (number) => Number(number).toLocaleString("en-US");

// Asks the server as JSON: { status (0: no answer), answer, at }. Never fails.
hmiEditor.asking = ({ dataset }, base) => async (method, path = "", body = undefined) => {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": dataset.token };
  const asked = { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(8000) };
  const response = await fetch(base + path, asked).catch(() => null);
  const answer = (await response?.json().catch(() => null)) ?? {};
  return { status: response?.status ?? 0, answer, at: new Date(response?.headers.get("Date") ?? Date.now()) };
};
