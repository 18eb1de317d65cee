// The image of the camera page: the map with the overlay over it. It says what people do to it by events of
// #viewer: "viewer:pick" (a defect was tapped) and "viewer:touch" (the view was moved).
"use strict";

window.hmiViewer = (root) => {
  const FLY_MS = 350;
  const options = { overlay: "full", showsAll: false, selected: null };
  let overlay = null;
  let loads = 0; // of several images only the last one asked for is shown

  const tell = (name, detail) => root.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  const map = hmiMap(root, {
    touched: () => tell("viewer:touch"),
    around: () => overlay.box(options.selected),
    clicked: ({ coordinate }) => {
      const reference = overlay.at(hmiMap.px(coordinate), map.current().getView().getResolution());
      if (reference) tell("viewer:pick", reference);
    },
  });

  // Shows the image that the element's data name.
  const load = async () => {
    const mine = (loads += 1);
    const [info, drawing] = await Promise.all([map.prepare(), map.json(root.dataset.drawing)]);
    if (mine !== loads) return;
    overlay = hmiOverlay(drawing, options);
    map.build(info, { layers: [overlay.layer], pxPerMm: drawing.px_per_mm });
  };

  const cover = (kind) => {
    options.overlay = kind;
    for (const key of root.querySelectorAll("[data-overlay]")) key.setAttribute("aria-pressed", String(key.dataset.overlay === kind));
    overlay?.layer.changed();
  };

  root.addEventListener("click", ({ target }) => {
    const key = target.closest("[data-overlay]");
    if (key) cover(key.dataset.overlay);
  });

  return {
    load,
    turn: () => cover({ full: "boxes", boxes: "none", none: "full" }[options.overlay]),
    redraw: async () => {
      const drawing = await map.json(root.dataset.drawing);
      if (!map.current()) return;
      map.current().removeLayer(overlay.layer);
      overlay = hmiOverlay(drawing, options);
      map.current().addLayer(overlay.layer);
    },
    show: ({ selected, showsAll }) => {
      Object.assign(options, { selected, showsAll });
      overlay?.layer.changed();
    },
    // To the defect, at 1:1 or closer.
    fly: (reference) => {
      const box = overlay?.box(reference);
      if (!box) return;
      const resolution = Math.min(1, Math.max(0.25, Math.max(box.width, box.height) / 60));
      map.fly([box.x + box.width / 2, box.y + box.height / 2], resolution, FLY_MS);
    },
  };
};
