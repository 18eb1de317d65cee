// Calibration: a line drawn over something of known length fills the form's fields, which can also be typed.
"use strict";

(async () => {
  const NAMES = ["from_x", "from_y", "to_x", "to_y"];
  const root = document.getElementById("viewer");
  const field = (name) => document.querySelector(`[name=${name}]`);
  if (!root?.dataset.pieces) return;
  const map = hmiMap(root, {});
  const info = await map.prepare();
  const source = new ol.source.Vector();
  const style = [["#ffffff", 6], ["#0a57a4", 3]].map(([color, width]) => new ol.style.Style({ stroke: new ol.style.Stroke({ color, width }) }));
  const line = new ol.layer.Vector({ source, style, zIndex: 20 });
  map.build(info, { layers: [line], pxPerMm: Number(root.dataset.pxPerMm) || null });

  const show = () => {
    const ends = source.getFeatures()[0]?.getGeometry().getCoordinates().map(hmiMap.px);
    ends?.flat().forEach((value, at) => (field(NAMES[at]).value = value.toFixed(1)));
    told();
  };

  // What the form would say, before it is sent.
  const told = () => {
    const [fromX, fromY, toX, toY] = NAMES.map((name) => Number(field(name).value));
    const [length, mm] = [Math.hypot(toX - fromX, toY - fromY), Number(field("length_mm").value)];
    const scale = mm > 0 ? ` → ${(length / mm).toFixed(4)} px/mm` : "";
    document.querySelector("[data-length]").textContent = length ? `The line is ${length.toFixed(1)} px long${scale}` : "";
  };
  const draw = new ol.interaction.Draw({ source, type: "LineString", maxPoints: 2, style });
  draw.on("drawstart", () => source.clear());
  draw.on("drawend", () => setTimeout(show)); // it is in the source a moment later
  const modify = new ol.interaction.Modify({ source, pixelTolerance: 14, insertVertexCondition: ol.events.condition.never });
  modify.on("modifyend", show);
  for (const one of [draw, modify]) map.current().addInteraction(one);
  document.addEventListener("input", told);
  hmiKeys.bind({ Escape: () => draw.abortDrawing() });
})();
