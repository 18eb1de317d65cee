// The zoomable image of every page that has one: tiles of the IIIF service, zoom tools, minimap, mm scale.
// Image px have y down, the map's y is negative: hmiMap.coordinate and hmiMap.px are where one becomes the other.
//
//   const map = hmiMap(root, { touched: …, clicked: …, around: … });
//   map.build(await map.prepare(), { layers, pxPerMm });
"use strict";

window.hmiMap = (root, { touched = () => {}, clicked = () => {}, around = () => {} }) => {
  const CLOSEST = 1 / 16; // image px per screen px
  const NICE_MM = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];
  const find = (selector) => root.querySelector(selector);
  let map = null;
  let pxPerMm = null;
  let whole = 1; // resolution at which the whole image is seen
  let isTouched = false;
  const waitedFor = new Map(); // tiles that could not be had yet, and how often they were asked for

  const json = async (address) => {
    const response = await fetch(address, { cache: "no-cache" });
    if (!response.ok) throw new Error(`${address}: ${response.status}`);
    return response.json();
  };

  // What the page knows of the image is enough; only of a file that was never looked at the service is asked.
  const infoOf = async ({ pieces, width, height }) => {
    const id = new URL(pieces, location.origin).href;
    if (!width) return { ...(await json(`${pieces}/info.json`)), id };
    const scaleFactors = [1];
    while (512 * scaleFactors.at(-1) < Math.max(width, height)) scaleFactors.push(2 * scaleFactors.at(-1));
    const tiles = [{ width: 512, height: 512, scaleFactors }];
    const service = { "@context": "http://iiif.io/api/image/3/context.json", protocol: "http://iiif.io/api/image" };
    return { ...service, id, type: "ImageService3", profile: "level2", width: Number(width), height: Number(height), tiles };
  };

  const layerOf = (info) => {
    const found = new ol.format.IIIFInfo(info).getTileSourceOptions();
    const source = new ol.source.IIIF({ ...found, zDirection: -1, transition: 0 });
    retry(source);
    return new ol.layer.Tile({ source, className: "pictures", preload: 1 });
  };

  // The service says 503 while a file is waited for: the tile is asked for again, and in the end it is said.
  const retry = (source) => {
    source.on("tileloaderror", ({ tile }) => {
      const count = (waitedFor.get(tile) ?? 0) + 1;
      waitedFor.set(tile, count);
      if (count <= 5) setTimeout(() => tile.load(), 500 * count);
      else find(".no-picture")?.removeAttribute("hidden");
    });
    source.on("tileloadend", ({ tile }) => waitedFor.delete(tile));
  };

  // Shows this image with these layers over it. Where it looked before is kept if somebody had moved it.
  const build = (info, { layers, pxPerMm: scaled }) => {
    const kept = map && isTouched ? { center: map.getView().getCenter(), resolution: map.getView().getResolution() } : null;
    clear();
    const pictures = layerOf(info);
    const extent = pictures.getSource().getTileGrid().getExtent();
    pxPerMm = scaled;
    const target = find("#map");
    target.hidden = false;
    whole = Math.max(info.width / target.clientWidth, info.height / target.clientHeight);
    const view = new ol.View({
      projection: new ol.proj.Projection({ code: "image", units: "pixels", extent }),
      ...{ center: ol.extent.getCenter(extent), resolution: whole, minResolution: CLOSEST, maxResolution: Math.max(whole * 2, 1) },
      ...{ extent, constrainOnlyCenter: true, showFullExtent: true, enableRotation: false },
    });
    const interactions = ol.interaction.defaults.defaults({ altShiftDragRotate: false, pinchRotate: false, keyboard: false });
    map = new ol.Map({ target, view, layers: [pictures, ...layers], controls: [minimap(info, view)], interactions });
    map.on("rendercomplete", () => waitedFor.size || (root.dataset.ready = view.getResolution().toFixed(4))); // sharp at this one
    map.on("postrender", scale);
    map.on("click", clicked);
    map.on(["pointerdrag", "wheel"], touch);
    for (const one of root.querySelectorAll(".tools, .overlays, .scale")) one.hidden = false;
    if (kept) Object.entries(kept).forEach(([name, value]) => view.set(name, value));
    return map;
  };

  // It always shows the whole image.
  const minimap = (info, view) => {
    const target = find("#minimap");
    target.hidden = false;
    const extent = view.getProjection().getExtent();
    const side = parseFloat(getComputedStyle(target).getPropertyValue("--side"));
    const held = { extent, showFullExtent: true, smoothExtentConstraint: false, smoothResolutionConstraint: false };
    const whole = { resolutions: [Math.max(info.width, info.height) / side], zoom: 0, center: ol.extent.getCenter(extent) };
    const overview = new ol.View({ projection: view.getProjection(), ...whole, ...held });
    return new ol.control.OverviewMap({ target, collapsed: false, collapsible: false, layers: [layerOf(info)], view: overview });
  };

  const clear = () => {
    map?.setTarget(null);
    map?.dispose();
    map = null;
    waitedFor.clear();
    find("#minimap").replaceChildren();
    delete root.dataset.ready;
  };

  const scale = () => {
    const resolution = map?.getView().getResolution();
    if (!resolution) return;
    const pixels = pxPerMm ? pxPerMm / resolution : 1 / resolution; // screen px for a mm, or for an image px
    const most = parseFloat(getComputedStyle(find(".scale")).getPropertyValue("--most"));
    const length = NICE_MM.findLast((mm) => mm * pixels <= most) ?? NICE_MM[0];
    find("[data-scale-bar]").style.width = `${Math.round(length * pixels)}px`;
    find("[data-scale-text]").textContent = pxPerMm ? `${length} mm` : `${length} px`;
    root.dataset.resolution = resolution.toFixed(4);
    root.classList.toggle("is-close", resolution < whole * 0.99); // less than the whole image is seen
  };

  const touch = () => ((isTouched = true), touched());
  const middle = (box) => box && hmiMap.coordinate([box.x + box.width / 2, box.y + box.height / 2]);

  // One movement at a time: the newest is what somebody wants.
  const move = (to) => {
    map.getView().cancelAnimations();
    map.getView().animate(to);
  };

  const zoom = (factor) => {
    touch();
    const view = map.getView();
    view.cancelAnimations();
    move({ resolution: view.getConstrainedResolution(view.getResolution() / factor), duration: 150 });
  };

  const fit = () => {
    isTouched = false;
    const extent = map.getView().getProjection().getExtent();
    move({ center: ol.extent.getCenter(extent), resolution: whole, duration: 200 });
  };

  const light = () => {
    const value = (name) => find(`[data-light=${name}]`).value;
    const shown = find(".pictures");
    if (shown) shown.style.filter = `brightness(${value("brightness")}%) contrast(${value("contrast")}%)`;
  };

  const tools = {
    in: () => zoom(2),
    out: () => zoom(1 / 2),
    one: () => (move({ center: isTouched ? undefined : middle(around()), resolution: 1, duration: 200 }), touch()),
    fit: () => (touch(), fit()),
    full: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()),
    light: () => {
      const panel = find("#light");
      panel.hidden = !panel.hidden;
      find("[data-tool=light]").setAttribute("aria-expanded", String(!panel.hidden));
    },
    plain: () => (root.querySelectorAll("[data-light]").forEach((one) => (one.value = 100)), light()),
  };

  const use = (name) => map && tools[name]();
  root.addEventListener("click", ({ target }) => {
    const tool = target.closest("[data-tool]");
    if (tool) use(tool.dataset.tool);
  });
  root.addEventListener("input", ({ target }) => "light" in target.dataset && light());

  const keys = { "+": "in", "=": "in", "-": "out", 0: "fit", 1: "one", f: "full", l: "light" };
  hmiKeys.bind(Object.fromEntries(Object.entries(keys).map(([key, tool]) => [key, () => use(tool)])));

  return {
    json,
    build,
    current: () => map,
    prepare: () => infoOf(root.dataset),
    // To a place in image px; it stays there.
    fly: (place, resolution, duration) => ((isTouched = true), move({ center: hmiMap.coordinate(place), resolution, duration })),
  };
};

hmiMap.px = hmiMap.coordinate = ([x, y]) => [x, -y];
// A layer that is one canvas, larger than the map: it moves along with a drag, and is drawn anew where that ends.
// `draw(pen, onScreen, { size, margin, resolution })`; onScreen makes screen px of image px.
hmiMap.canvas = (draw, zIndex) => {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  canvas.style.position = "absolute";
  let [drawn, resting] = [null, 0]; // for which view, and its corner in image px; when what moved is drawn anew
  const render = ({ size, pixelRatio, viewState: { center, resolution } }) => {
    const corner = hmiMap.px(center).map((middle, axis) => middle - (size[axis] / 2) * resolution);
    const margin = size.map((length) => Math.round(length / 4));
    const key = [size, pixelRatio, resolution, layer.getRevision()].join();
    const moved = corner.map((px, axis) => (drawn ? Math.round((drawn.corner[axis] - px) / resolution) : 0));
    const isAnew = drawn?.key !== key || moved.some((by, axis) => Math.abs(by) > margin[axis]);
    if (isAnew || moved.some(Boolean)) clearTimeout(resting);
    if (!isAnew && moved.some(Boolean)) resting = setTimeout(() => layer.changed(), 120); // words find their places
    canvas.style.transform = `translate(${moved.map((by, axis) => (isAnew ? 0 : by) - margin[axis]).join("px, ")}px)`;
    if (!isAnew) return canvas;
    drawn = canvas.isConnected ? { key, corner } : null; // what lies over it is known only then
    const whole = size.map((length, axis) => length + 2 * margin[axis]);
    [canvas.width, canvas.height] = whole.map((length) => Math.round(length * pixelRatio)); // which clears it
    [canvas.style.width, canvas.style.height] = whole.map((length) => `${length}px`);
    pen.setTransform(pixelRatio, 0, 0, pixelRatio, margin[0] * pixelRatio, margin[1] * pixelRatio);
    Object.assign(pen, { font: hmiMap.FONT, lineJoin: "round", placed: [] });
    draw(pen, (x, y) => [(x - corner[0]) / resolution, (y - corner[1]) / resolution], { size, margin, resolution });
    return canvas;
  };
  const layer = new ol.layer.Layer({ render, zIndex });
  return layer;
};
// Words over an image: white, with a dark edge, within it, not below what lies over it, and below words that are there.
hmiMap.FONT = '700 15px "Inter", "Segoe UI", "DejaVu Sans", sans-serif';
hmiMap.strokes = (pen, looks) => {
  for (const [strokeStyle, lineWidth] of looks) (Object.assign(pen, { strokeStyle, lineWidth }), pen.stroke());
};
hmiMap.text = (pen, words, wantedX, wantedY) => {
  let y = wantedY > 0 ? Math.max(wantedY, 18) : wantedY;
  const [ground, width] = [(pen.canvas.parentElement ?? pen.canvas).getBoundingClientRect(), pen.measureText(words).width + 8];
  let x = wantedX < ground.width ? Math.min(wantedX, ground.width - width) : wantedX;
  for (const tool of pen.canvas.closest(".viewer")?.querySelectorAll(".tools, .overlays, .scale, .is-close > .minimap") ?? []) {
    const box = tool.getBoundingClientRect();
    const [left, right] = [box.left - ground.left, box.right - ground.left];
    if (y < box.top - ground.top || y - 15 > box.bottom - ground.top || x > right || x + width < left) continue;
    x = left > ground.width / 2 ? left - width : right + 8;
  }
  const isTaken = (one) => Math.abs(one.y - y) < 19 && x < one.x + one.width && one.x < x + width;
  for (let rows = 0; rows < 4 && pen.placed.some(isTaken); rows += 1) y += 20;
  pen.placed.push({ x, y, width });
  Object.assign(pen, { lineWidth: 4, strokeStyle: "#000000", fillStyle: "#ffffff" });
  pen.strokeText(words, x, y);
  pen.fillText(words, x, y);
};
