// Drawing new regions, deleting corners and regions, undo and redo, keys. The library draws; here is what its
// result becomes.
"use strict";

hmiEditor.drawing = (root, map, draft, shapes) => {
  const keys = (name) => root.querySelectorAll(`[data-do="${name}"]`);
  let draw = null;
  let drawing = null; // "polygon" or "rectangle" meanwhile

  const drawn = (feature) => {
    const polygon = shapes.settled(feature.getGeometry().getCoordinates()[0].slice(0, -1).map(hmiMap.px));
    if (new ol.geom.Polygon([polygon]).getArea() < 1) return hmiKeys.tell("That encloses nothing: no region was made.");
    add({ polygon, kind: "inspect" });
  };

  // A new region begins with the limits of the default rule.
  const add = ({ polygon, kind, name }) => {
    const taken = new Set(draft.regions().map(({ region_id }) => region_id));
    const base = name ?? "Region";
    let region_id = name ?? "Region 1";
    for (let number = 2; taken.has(region_id); number += 1) region_id = `${base} ${number}`;
    const { outside_regions: _, uncertainty_px: __, ...limits } = kind === "ignore" ? {} : draft.get(hmiEditor.DEFAULT);
    const key = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    draft.change(key, { key, region_id, kind, part_number: null, active: true, description: null, polygon, ...limits });
    draft.select(key);
  };

  const begin = (kind) => {
    end();
    draft.select(null);
    drawing = kind;
    const isBox = kind === "rectangle";
    const box = isBox && { type: "Circle", geometryFunction: ol.interaction.Draw.createBox(), freehand: true };
    draw = new ol.interaction.Draw({ type: "Polygon", stopClick: true, minPoints: 3, snapTolerance: 14, style: shapes.looks.sketch, ...box });
    draw.on("drawend", ({ feature }) => {
      drawn(feature);
      setTimeout(end, 300); // the second tap of a double tap is still to come
    });
    shapes.rest(true);
    for (const snap of shapes.snaps) map.current().removeInteraction(snap);
    for (const one of [draw, ...shapes.snaps]) map.current().addInteraction(one);
    show();
  };

  const end = () => {
    if (!draw) return;
    map.current().removeInteraction(draw);
    draw = drawing = null;
    shapes.rest(false);
    show();
  };

  const deleteVertex = () => {
    const region = draft.get(draft.selected);
    if (!region?.polygon || draft.vertex === null) return;
    if (region.polygon.length <= 3) return hmiKeys.tell("A region has at least three corners.");
    const polygon = region.polygon.filter((_, index) => index !== draft.vertex);
    draft.vertex = null;
    draft.change(draft.selected, { ...region, polygon });
  };

  const deleteRegion = () => {
    const region = draft.get(draft.selected);
    if (!region?.polygon) return;
    draft.change(draft.selected, null);
    hmiKeys.tell(`${region.region_id} is deleted from the draft. Undo brings it back.`);
  };
  const tools = {
    polygon: () => begin("polygon"),
    rectangle: () => begin("rectangle"),
    finish: () => draw?.finishDrawing(),
    cancel: end,
    undo: () => (draw ? draw.removeLastPoint() : draft.undo()),
    redo: () => draft.redo(),
    vertex: deleteVertex,
    region: deleteRegion,
  };

  const show = () => {
    const { undo, redo } = draft.names();
    const can = { undo: draw || undo, redo: !draw && redo, vertex: draft.vertex !== null, region: draft.get(draft.selected)?.polygon };
    for (const [name, isUsable] of Object.entries(can)) for (const key of keys(name)) key.disabled = !isUsable;
    for (const name of ["polygon", "rectangle"]) for (const key of keys(name)) key.setAttribute("aria-pressed", String(drawing === name));
    for (const one of root.querySelectorAll("[data-while]")) one.hidden = !one.dataset.while.split(" ").includes(drawing);
    root.classList.toggle("is-drawing", Boolean(draw));
  };
  for (const name of ["change", "select", "taken"]) draft.addEventListener(name, show);
  root.addEventListener("click", ({ target }) => tools[target.closest("[data-do]")?.dataset.do]?.());

  const nudge = (x, y) => (event) => {
    const by = event.shiftKey ? 10 : 1;
    if (!event.target.closest?.("dialog, details > summary") && shapes.nudge([x * by, y * by])) event.preventDefault();
  };

  hmiKeys.bind({
    ArrowLeft: nudge(-1, 0),
    ArrowRight: nudge(1, 0),
    ArrowUp: nudge(0, -1),
    ArrowDown: nudge(0, 1),
    Delete: () => (draft.vertex === null ? deleteRegion() : deleteVertex()),
    Backspace: () => draft.vertex !== null && deleteVertex(),
    Enter: () => draw && tools.finish(),
    "Control+z": (event) => (event.preventDefault(), event.shiftKey ? draft.redo() : tools.undo()),
    "Control+y": (event) => (event.preventDefault(), draft.redo()),
    Escape: () => (draw ? end() : draft.select(null)),
    p: tools.polygon,
    r: tools.rectangle,
  });
  return { add, show, isDrawing: () => draw !== null };
};
