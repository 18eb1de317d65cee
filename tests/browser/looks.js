// Run in a page: defines `looks`, which measures the page as it is drawn.
() => {
  const clipped = (box, element) => {
    let { left, top, right, bottom } = box;
    for (let around = element; around; around = around.parentElement) {
      const style = getComputedStyle(around);
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      const edge = around.getBoundingClientRect();
      left = Math.max(left, edge.left);
      right = Math.min(right, edge.right);
      top = Math.max(top, edge.top);
      bottom = Math.min(bottom, edge.bottom);
    }
    return { left, top, right, bottom, width: right - left, height: bottom - top };
  };

  const isSeen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  // Every line of visible text: its box, and what is left of it where something cuts it off.
  const texts = () => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if (!node.data.trim() || element.closest("noscript, script") || !isSeen(element)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const whole of range.getClientRects()) {
        const box = clipped(whole, element);
        if (box.width > 1 && box.height > 1) found.push({ text: node.data.trim(), element, box, whole });
      }
    }
    return found;
  };

  // Texts that lie on each other by more than the leading between two lines.
  const overlaps = () => {
    const found = [];
    const all = texts();
    for (const [index, one] of all.entries()) {
      for (const other of all.slice(index + 1)) {
        if (one.element === other.element) continue; // lines of one text, an ellipsis
        const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
        const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
        const low = Math.min(one.box.height, other.box.height);
        if (across > 2 && down > 0.35 * low) found.push(`${one.text} / ${other.text}`);
      }
    }
    return found;
  };

  const cutOff = (selector) =>
    texts()
      .filter(({ element }) => element.closest(selector))
      .filter(({ box, whole }) => whole.width - box.width > 1 || whole.height - box.height > 0.3 * whole.height)
      .map(({ text }) => text);

  const boxes = (selector) =>
    [...document.querySelectorAll(selector)]
      .filter((element) => element.checkVisibility())
      .map((element) => {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        return { name: element.id || element.className || element.tagName, left, top, right, bottom };
      });

  const overflow = () => ({
    across: document.documentElement.scrollWidth - innerWidth,
    down: document.documentElement.scrollHeight - innerHeight,
  });

  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);

  const over = ([r, g, b, a = 1], under) => [r, g, b].map((value, index) => value * a + under[index] * (1 - a));

  const groundOf = (element) => {
    const layers = [];
    for (let around = element; around; around = around.parentElement) {
      const colour = numbers(getComputedStyle(around).backgroundColor);
      if ((colour[3] ?? 1) > 0) layers.push(colour);
      if ((colour[3] ?? 1) === 1) break;
    }
    return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };

  const luminance = (colour) => {
    const [r, g, b] = colour.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  // [text, contrast to its ground] of every visible text.
  const contrasts = () =>
    texts().map(({ text, element }) => {
      const ground = groundOf(element);
      const ink = over(numbers(getComputedStyle(element).color), ground);
      const [low, high] = [luminance(ink), luminance(ground)].sort((one, other) => one - other);
      return [text, (high + 0.05) / (low + 0.05)];
    });

  window.looks = { overlaps, cutOff, boxes, overflow, contrasts };
};
