// Scripts that can wait until the page is seen, in their order: they are named by data-scripts.
"use strict";

(() => {
  const waiting = document.currentScript.dataset.scripts.split(" ");
  const add = (src) => document.head.append(Object.assign(document.createElement("script"), { src, async: false }));
  const go = () => waiting.splice(0).forEach(add);
  new PerformanceObserver(go).observe({ type: "paint", buffered: true });
  setTimeout(go, 500); // nothing is painted in a tab that nobody sees
})();
