// How regions look on the map: quiet where they only stand there, with corners where one is worked on.
"use strict";

hmiEditor.looks = (draft) => {
  const [INSPECT, IGNORE, WRONG] = ["#0a57a4", "#5a6268", "#b3001b"];
  const CROWDED_PX = 10; // screen px between two corners below which their marks are small
  const MIDDLES_FROM = 36; // screen px between two corners that have room for a mark in the middle
  const { Style, Stroke, Fill, Text, Circle } = ol.style;

  const line = (color, width, lineDash) => new Style({ stroke: new Stroke({ color, width, lineDash }) });
  const dot = (radius, fill, stroke, width) => new Circle({ radius, fill: new Fill({ color: fill }), stroke: new Stroke({ color: stroke, width }) });
  const corner = dot(8, "#ffffff", INSPECT, 3);
  const held = dot(10, INSPECT, "#ffffff", 3);
  const small = dot(3, "#ffffff", INSPECT, 1.5);
  const middle = dot(5, INSPECT, "#ffffff", 1.5);
  const outlines = {};
  for (const [kind, colour, dash] of [["inspect", INSPECT], ["ignore", IGNORE, [10, 6]]]) {
    const fill = new Fill({ color: kind === "ignore" ? "rgba(40, 44, 48, 0.35)" : "rgba(10, 87, 164, 0.08)" });
    outlines[kind] = [new Style({ fill, stroke: new Stroke({ color: "#ffffff", width: 4 }) }), line(colour, 2, dash)];
  }
  const off = [line("#ffffff", 3, [2, 6])];

  const name = ({ region_id, kind, active, part_number }) => {
    const said = [region_id, kind === "ignore" && "ignore", !active && "off", part_number].filter(Boolean).join(" · ");
    return said.length > 40 ? `${said.slice(0, 39)}…` : said;
  };
  const label = (region, geometry) => {
    const top = geometry.getCoordinates()[0].reduce((first, one) => (one[1] > first[1] ? one : first));
    const ink = { fill: new Fill({ color: "#ffffff" }), stroke: new Stroke({ color: "#000000", width: 4 }) };
    const text = new Text({ text: name(region), font: hmiMap.FONT, textAlign: "left", offsetX: 10, offsetY: -12, ...ink });
    return new Style({ geometry: new ol.geom.Point(top), text });
  };
  const labelled = new WeakMap(); // region → its styles: regions are values, a changed one is another

  const plain = (feature) => {
    const region = draft.get(feature.getId());
    if (!region) return [];
    if (!labelled.has(region)) labelled.set(region, [...(region.active ? outlines[region.kind] : off), label(region, feature.getGeometry())]);
    return labelled.get(region);
  };
  const chosen = (feature, resolution) => {
    const key = feature.getId();
    const region = draft.get(key);
    if (!region) return [];
    const ring = feature.getGeometry().getCoordinates()[0];
    const corners = ring.slice(0, -1);
    const middles = corners.map(([x, y], at) => [(x + ring[at + 1][0]) / 2, (y + ring[at + 1][1]) / 2, Math.hypot(ring[at + 1][0] - x, ring[at + 1][1] - y)]);
    const points = (all, image) => new Style({ geometry: new ol.geom.MultiPoint(all), image });
    const wrong = (draft.errors.get(key) ?? []).flatMap(({ edges = [] }) => edges.flat()).filter((at) => at < corners.length);
    return [
      new Style({ fill: new Fill({ color: "rgba(10, 87, 164, 0.12)" }), stroke: new Stroke({ color: "#ffffff", width: 6 }) }),
      line(INSPECT, 3, region.kind === "ignore" ? [10, 6] : undefined),
      ...wrong.map((at) => new Style({ geometry: new ol.geom.LineString([ring[at], ring[at + 1]]), stroke: new Stroke({ color: WRONG, width: 6 }) })),
      points(middles.filter(([, , length]) => length / resolution > MIDDLES_FROM).map(([x, y]) => [x, y]), middle),
      points(corners, middles.reduce((sum, [, , length]) => sum + length, 0) / resolution < CROWDED_PX * corners.length ? small : corner),
      ...(draft.vertex === null || draft.vertex >= corners.length ? [] : [points([corners[draft.vertex]], held)]),
      label(region, feature.getGeometry()),
    ];
  };

  const sketch = [line("#ffffff", 6), line(INSPECT, 3), new Style({ image: dot(7, INSPECT, "#ffffff", 2), fill: new Fill({ color: "rgba(10, 87, 164, 0.18)" }) })];
  return { plain, chosen, sketch, handle: new Style({ image: dot(10, "rgba(255, 255, 255, 0.6)", INSPECT, 3) }) };
};
