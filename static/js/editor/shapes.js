// Regions on the map: what is chosen can be altered, the rest stands in a layer of its own, so that a drag
// redraws one region and not a hundred. Polygons of the draft are px of the image; features are the map's.
"use strict";

hmiEditor.shapes = (map, draft, { width, height }) => {
  const REACH = 20; // screen px within which a finger means a corner
  const looks = hmiEditor.looks(draft);
  const others = new ol.source.Vector();
  const chosen = new ol.source.Vector();
  const held = new ol.Collection(); // the chosen feature, for the interactions
  let isDragging = false;
  const within = ([x, y]) => [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)];
  const layers = [
    new ol.layer.VectorImage({ source: others, style: looks.plain, declutter: true, imageRatio: 1.5, zIndex: 20 }),
    new ol.layer.Vector({ source: chosen, style: looks.chosen, updateWhileInteracting: true, zIndex: 30 }),
  ];

  const ringOf = (polygon) => [[...polygon, polygon[0]].map(hmiMap.coordinate)];
  const polygonOf = (feature) => feature.getGeometry().getCoordinates()[0].slice(0, -1).map(hmiMap.px);

  // What was moved lies on whole px within the image; what was not keeps its decimals.
  const settled = (polygon, before = []) => {
    const there = new Set(before.map(String));
    return polygon.map((vertex) => (there.has(String(vertex)) ? vertex : within(vertex.map(Math.round))));
  };
  const featureOf = (key) => others.getFeatureById(key) ?? chosen.getFeatureById(key);
  const show = (key) => {
    if (isDragging && key === draft.selected) return; // an answer of the server takes nothing out of a hand
    const region = key === hmiEditor.DEFAULT ? null : draft.get(key);
    const feature = featureOf(key);
    const isSeen = region?.polygon?.length && (!draft.hidden.has(key) || key === draft.selected);
    if (!isSeen) return feature && [others, chosen].forEach((source) => source.hasFeature(feature) && source.removeFeature(feature));
    const ring = ringOf(region.polygon);
    if (feature) return feature.getGeometry().setCoordinates(ring);
    const made = new ol.Feature(new ol.geom.Polygon(ring));
    made.setId(key);
    others.addFeature(made);
    choose();
  };

  // The chosen one goes to its own layer and back.
  const choose = () => {
    for (const feature of chosen.getFeatures().filter((one) => one.getId() !== draft.selected)) {
      chosen.removeFeature(feature);
      others.addFeature(feature);
      if (draft.hidden.has(feature.getId())) show(feature.getId());
    }
    if (draft.selected && draft.hidden.has(draft.selected)) show(draft.selected);
    const next = draft.selected && others.getFeatureById(draft.selected);
    if (next) {
      others.removeFeature(next);
      chosen.addFeature(next);
    }
    held.clear();
    held.extend(chosen.getFeatures());
    layers[1].changed();
  };

  const store = (key, polygon) => {
    isDragging = false;
    draft.change(key, { ...draft.get(key), polygon });
    show(key); // also where rounding gave what stood before
  };
  const nearest = (polygon, [x, y]) => {
    const away = polygon.map((vertex) => Math.hypot(vertex[0] - x, vertex[1] - y));
    const at = away.indexOf(Math.min(...away));
    return [at, away[at]];
  };
  const modify = new ol.interaction.Modify({ features: held, pixelTolerance: 14, style: looks.handle, deleteCondition: ol.events.condition.never });
  modify.on("modifyend", ({ mapBrowserEvent }) => {
    const [feature] = held.getArray();
    const polygon = settled(polygonOf(feature), draft.get(feature.getId()).polygon);
    store(feature.getId(), polygon);
    draft.select(feature.getId(), nearest(polygon, hmiMap.px(mapBrowserEvent.coordinate))[0]);
  });

  const translate = new ol.interaction.Translate({ features: held });
  translate.on("translateend", () => {
    const [feature] = held.getArray();
    const before = draft.get(feature.getId()).polygon;
    const [x, y] = polygonOf(feature)[0];
    store(feature.getId(), moved(before, [Math.round(x - before[0][0]), Math.round(y - before[0][1])]));
  });

  for (const one of [modify, translate]) one.on(["modifystart", "translatestart"], () => (isDragging = true));

  // As far as the image goes.
  const moved = (polygon, [x, y]) => {
    const all = (axis) => polygon.map((vertex) => vertex[axis]);
    const push = (axis, by, end) => Math.min(Math.max(by, -Math.min(...all(axis))), end - Math.max(...all(axis)));
    const [right, down] = [push(0, x, width), push(1, y, height)];
    return polygon.map(([left, top]) => [left + right, top + down]);
  };

  // Other regions and the edge of the image hold what comes near.
  const edge = new ol.Feature(new ol.geom.Polygon(ringOf([[0, 0], [width, 0], [width, height], [0, height]])));
  const snaps = [new ol.interaction.Snap({ source: others }), new ol.interaction.Snap({ features: new ol.Collection([edge]) })];

  const at = ({ coordinate }) => {
    const point = hmiMap.px(coordinate);
    const reach = REACH * map.current().getView().getResolution();
    const region = draft.selected && draft.get(draft.selected);
    if (region?.polygon) {
      const [index, away] = nearest(region.polygon, point);
      if (away <= reach) return [draft.selected, index];
    }
    const under = [chosen, others].flatMap((source) => source.getFeaturesAtCoordinate(coordinate));
    const size = (feature) => feature.getGeometry().getArea();
    return [under.length ? under.reduce((least, one) => (size(one) < size(least) ? one : least)).getId() : null, null];
  };
  draft.addEventListener("change", ({ detail }) => show(detail));
  draft.addEventListener("hide", ({ detail }) => show(detail));
  draft.addEventListener("select", choose);
  draft.addEventListener("errors", () => layers[1].changed());
  return {
    ...{ layers, looks, settled, snaps, interactions: [translate, modify] },
    tap: (event) => draft.select(...at(event)),
    rest: (isResting) => [translate, modify].forEach((one) => one.setActive(!isResting)),
    // The selected corner, or the whole shape.
    nudge: (by) => {
      const region = draft.get(draft.selected);
      if (!region?.polygon) return false;
      const one = (vertex, index) => (index === draft.vertex ? within([vertex[0] + by[0], vertex[1] + by[1]]) : vertex);
      const polygon = draft.vertex === null ? moved(region.polygon, by) : region.polygon.map(one);
      draft.change(draft.selected, { ...region, polygon }, "nudge");
      return true;
    },
    // Whole if it is far away; where it is well seen, nothing moves.
    fly: (key) => {
      const extent = featureOf(key)?.getGeometry().getExtent();
      const view = map.current()?.getView();
      if (!extent || ol.extent.containsExtent(view.calculateExtent(), extent)) return;
      view.fit(extent, { padding: [80, 80, 80, 80], minResolution: view.getResolution(), duration: 250 });
    },
  };
};
