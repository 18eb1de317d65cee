// A key that prints the page; without a script the browser's own menu does.
"use strict";

for (const key of document.querySelectorAll("[data-print]")) {
  key.hidden = false;
  key.addEventListener("click", () => window.print());
}
