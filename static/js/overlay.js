// Defects and regions over an image, drawn on one canvas: 5,000 of them cost some milliseconds a frame.
"use strict";

window.hmiOverlay = (drawing, options) => {
  const LEAST_PX = 14; // a mark is never smaller than this on the screen
  const LOOKS = {
    fail: ["#b3001b", "#ffffff", 3],
    review: ["#f5a800", "#1c1c1c", 3],
    waiting: ["#a698dc", "#1c1c1c", 2],
  };
  const QUIET = ["#ffffff", "#1c1c1c", 1.5];
  const [REFERENCE, , STATE, X, Y, WIDTH, HEIGHT, LABEL] = [0, 1, 2, 3, 4, 5, 6, 7];
  const ABNORMAL = new Set(["fail", "review", "unusable"]);
  const shown = () => {
    if (options.overlay === "none") return [];
    return drawing.defects.filter(
      (one) => options.showsAll || ABNORMAL.has(one[STATE]) || one[REFERENCE] === options.selected,
    );
  };

  // The box on the screen, at least so large that one sees it: [left, top, width, height].
  const boxOf = (one, onScreen, resolution) => {
    const [x, y] = onScreen(one[X] + one[WIDTH] / 2, one[Y] + one[HEIGHT] / 2);
    const width = Math.max(one[WIDTH] / resolution + 4, LEAST_PX);
    const height = Math.max(one[HEIGHT] / resolution + 4, LEAST_PX);
    return [x - width / 2, y - height / 2, width, height];
  };

  const outline = (pen, region, onScreen, { size, margin }) => {
    const points = region.polygon.map(([x, y]) => onScreen(x, y));
    const isAway = (by) => [0, 1].some((axis) => points.every((one) => one[axis] < -by[axis]) || points.every((one) => one[axis] > size[axis] + by[axis]));
    if (isAway(margin)) return; // as every region without a point is
    pen.beginPath();
    for (const [x, y] of points) pen.lineTo(x, y);
    pen.closePath();
    pen.setLineDash(region.kind === "ignore" ? [10, 6] : []);
    hmiMap.strokes(pen, [["#ffffff", 4], [region.kind === "ignore" ? "#5a6268" : "#0a57a4", 2]]);
    pen.setLineDash([]);
    if (isAway([0, 0])) return;
    const [x, y] = points.reduce((first, one) => (one[1] < first[1] ? one : first));
    hmiMap.text(pen, `${region.name} ${region.limits}`, Math.min(Math.max(8, x + 6), size[0] - 1), Math.max(20, y - 8));
  };

  // All boxes of one look in one path: that is what makes thousands of them cheap.
  const boxes = (pen, all, onScreen, { size, margin, resolution }) => {
    const byLook = new Map();
    for (const one of all) {
      const box = boxOf(one, onScreen, resolution);
      if ([0, 1].some((axis) => box[axis] > size[axis] + margin[axis] || box[axis] + box[axis + 2] < -margin[axis])) continue;
      const look = LOOKS[one[STATE]] ?? QUIET;
      if (!byLook.has(look)) byLook.set(look, []);
      byLook.get(look).push(box);
    }
    for (const look of [QUIET, LOOKS.waiting, LOOKS.review, LOOKS.fail]) {
      const placed = byLook.get(look);
      if (!placed) continue;
      pen.beginPath();
      for (const box of placed) pen.rect(...box);
      hmiMap.strokes(pen, [[look[1], look[2] + 2], [look[0], look[2]]]);
    }
  };

  const marked = (pen, one, onScreen, resolution) => {
    const [left, top, width, height] = boxOf(one, onScreen, resolution);
    pen.beginPath();
    pen.rect(left - 6, top - 6, width + 12, height + 12);
    hmiMap.strokes(pen, [["#ffffff", 6], ["#0a57a4", 3]]);
  };

  const draw = (pen, onScreen, frame) => {
    if (options.overlay === "full") for (const region of drawing.regions) outline(pen, region, onScreen, frame);
    const all = shown();
    boxes(pen, all, onScreen, frame);
    const selected = all.find((one) => one[REFERENCE] === options.selected);
    if (selected) marked(pen, selected, onScreen, frame.resolution);
    if (options.overlay === "full" && selected) {
      const [left, top, wide] = boxOf(selected, onScreen, frame.resolution);
      const length = pen.measureText(selected[LABEL]).width + 12;
      const isAtEdge = left + wide + 12 + length > frame.size[0] && left > length;
      hmiMap.text(pen, selected[LABEL], isAtEdge ? left - length : left + wide + 12, top + 12);
    }
  };

  // The defect under a finger: the nearest within reach, in px of the image.
  const at = ([x, y], resolution) => {
    const reach = 24 * resolution;
    const gap = (one) => Math.max(Math.abs(x - one[X] - one[WIDTH] / 2) - one[WIDTH] / 2, Math.abs(y - one[Y] - one[HEIGHT] / 2) - one[HEIGHT] / 2);
    const near = shown().map((one) => [gap(one), one]).filter(([away]) => away <= reach);
    return near.length ? near.reduce((first, one) => (one[0] < first[0] ? one : first))[1][REFERENCE] : null;
  };

  const box = (reference) => {
    const one = drawing.defects.find((each) => each[REFERENCE] === reference);
    return one ? { x: one[X], y: one[Y], width: one[WIDTH], height: one[HEIGHT] } : null;
  };

  return { layer: hmiMap.canvas(draw, 10), at, box };
};
