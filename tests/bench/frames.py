"""Scripts that count the frames that a page draws."""

#: counts frames and the longest pause between two of them until `stop` is set
COUNT = """() => {
  const now = performance.now();
  const seen = (window.benchFrames = { count: 0, began: now, longest: 0, last: now });
  const tick = (now) => {
    seen.count += 1;
    seen.longest = Math.max(seen.longest, now - seen.last);
    seen.last = now;
    if (!seen.stop) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""
#: → [frames a second, the longest pause in ms]
STOP = """() => {
  const seen = window.benchFrames;
  seen.stop = true;
  return [1000 * seen.count / (performance.now() - seen.began), seen.longest];
}"""
