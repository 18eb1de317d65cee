// A picture that cannot be loaded says so in its place, and is tried again until it can.
"use strict";

(() => {
  const RETRY_MS = 2000;
  const pictures = () => document.querySelectorAll("img[data-picture]");
  const isBroken = (picture) => picture.complete && picture.naturalWidth === 0;

  const show = (picture) => {
    picture.hidden = isBroken(picture);
    picture.parentElement.querySelector(".no-picture")?.toggleAttribute("hidden", !picture.hidden);
  };
  const showAll = () => pictures().forEach(show);

  for (const name of ["load", "error"]) {
    document.addEventListener(name, ({ target }) => target.matches?.("img[data-picture]") && show(target), true);
  }
  document.addEventListener("htmx:afterSwap", showAll);
  setInterval(() => {
    for (const picture of pictures()) if (isBroken(picture)) picture.src = picture.src;
  }, RETRY_MS);
  showAll();
})();
