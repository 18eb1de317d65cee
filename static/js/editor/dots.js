// Recent defects as dots on one canvas, the places where they come again as rings with their number, and the
// histogram of their sizes with the limit in it. An ignore region there is one tap in the list beside the image: a
// tap on the image, which may be a slip, never makes defects ignored.
"use strict";

// The place that a link of the statistics names (?spot=x,y, px of the image), as a spot; null without one.
hmiEditor.spotOf = (search, { width, height }) => {
  const [x, y] = (new URLSearchParams(search).get("spot") ?? "").split(",").map(Number);
  if (!(x >= 0 && y >= 0 && x <= width && y <= height)) return null;
  const [left, right] = [Math.max(x - 24, 0), Math.min(x + 24, width)];
  const [top, bottom] = [Math.max(y - 24, 0), Math.min(y + 24, height)];
  return { x, y, radius_px: 24, polygon: [[left, top], [right, top], [right, bottom], [left, bottom]] };
};

hmiEditor.dots = (draft, send, { list, histogram, ignore, named }) => {
  const COLOURS = [["#ffffff", "#1c1c1c"], ["#b3001b", "#ffffff"], ["#f5a800", "#1c1c1c"], ["#9aa0a5", "#1c1c1c"]];
  const REACH_PX = 24; // what is nearer than this is the same place
  const [FEW_PX, MANY_PX] = [14, 30]; // least radius of a ring on the screen, by how often
  let found = { dots: [], spots: [], histogram: null };
  let open = []; // its spots
  let isSeen = true;

  const draw = (pen, place, { resolution }) => {
    if (!isSeen) return;
    COLOURS.forEach(([fill, stroke], kind) => {
      pen.beginPath();
      for (const [x, y, , judged] of found.dots) {
        if (judged !== kind) continue;
        const [left, top] = place(x, y);
        pen.moveTo(left + 4.5, top);
        pen.arc(left, top, 4.5, 0, 7);
      }
      Object.assign(pen, { fillStyle: fill, strokeStyle: stroke, lineWidth: 1.5 });
      (pen.fill(), pen.stroke());
    });
    for (const spot of open) mark(pen, spot, place(spot.x, spot.y), resolution);
  };

  const mark = (pen, spot, [left, top], resolution) => {
    const radius = Math.max(spot.radius_px / resolution, FEW_PX + (MANY_PX - FEW_PX) * Math.sqrt(spot.share ?? 0));
    pen.beginPath();
    pen.arc(left, top, radius, 0, 7);
    hmiMap.strokes(pen, [["#000000", 5], ["#f5a800", 3]]);
    Object.assign(pen, { textAlign: "center", textBaseline: "middle" });
    if (spot.count) hmiMap.text(pen, `× ${spot.count}`, left, top - radius - 10);
  };

  const suggest = (spot) => ignore({ polygon: spot.polygon.map((vertex) => vertex.map(Math.round)), kind: "ignore", name: "Recurring spot" });

  // Sizes of recent defects, and where the limit cuts them; failing ones are right of the line.
  const bars = () => {
    const { bins_mm: edges = [], counts = [] } = found.histogram ?? {};
    const limit = draft.get(draft.selected)?.size_threshold;
    histogram.hidden = !counts.length;
    if (!counts.length) return;
    const [first, last] = [edges[0], edges.at(-1)];
    const x = (mm) => (200 * (mm - first)) / (last - first || 1);
    const top = Math.max(...counts, 1);
    const bar = (count, at) => `M${x(edges[at])} 48V${48 - (count && 4 + (42 * count) / top)}H${x(edges[at + 1]) - 1}V48z`;
    histogram.querySelector("path").setAttribute("d", counts.map(bar).join(""));
    const line = histogram.querySelector("line");
    const isThere = typeof limit === "number";
    line.toggleAttribute("hidden", !isThere);
    const at = isThere ? Math.min(Math.max(x(limit), 0), 200) : 0;
    for (const end of ["x1", "x2"]) line.setAttribute(end, at);
    const above = isThere ? counts.reduce((sum, count, index) => sum + (edges[index + 1] > limit ? count : 0), 0) : 0;
    const said = isThere ? `about ${hmiEditor.count(above)} of ${hmiEditor.count(counts.reduce((sum, count) => sum + count, 0))} defects reach ${limit} mm` : "no size limit";
    hmiEditor.fill(histogram, { least: `${first.toFixed(1)} mm`, most: `${last.toFixed(1)} mm`, said });
  };

  // Places that no region ignores yet.
  const isOpen = ({ x, y }) => {
    const ignored = draft.regions().filter(({ kind, active, polygon }) => kind === "ignore" && active && polygon.length > 2);
    return !ignored.some(({ polygon }) => new ol.geom.Polygon([polygon]).intersectsCoordinate([x, y]));
  };
  const suggestions = () => {
    open = found.spots.filter(isOpen);
    list.hidden = !open.length;
    list.querySelector("ul").replaceChildren(...open.slice(0, 6).map(rowOf));
    layer.changed();
  };
  const take = (answer) => {
    found = answer;
    if (named) found.spots = [found.spots.find((one) => Math.hypot(one.x - named.x, one.y - named.y) < REACH_PX) ?? named, ...found.spots];
    found.spots = [...new Set(found.spots)];
    suggestions();
    bars();
  };
  const rowOf = (spot) => {
    const words = spot === named ? "Chosen in the statistics" : `${hmiEditor.count(spot.count)} defects on ${hmiEditor.count(spot.parts)} parts`;
    const row = hmiEditor.filled("spot", { words, place: `at ${Math.round(spot.x)}, ${Math.round(spot.y)} px` });
    row.querySelector("button").addEventListener("click", () => suggest(spot));
    return row;
  };
  const layer = hmiMap.canvas(draw, 25);
  for (const name of ["select", "change"]) draft.addEventListener(name, bars);
  for (const name of ["taken", "change"]) draft.addEventListener(name, suggestions);
  return {
    layer,
    load: async (parts) => {
      const { status, answer } = await send("GET", `?parts=${parts}`);
      if (status === 200) take(answer);
    },
    toggle: () => ((isSeen = !isSeen), layer.changed(), isSeen),
  };
};
