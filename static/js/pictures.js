// A picture that cannot be loaded says so in its place, and is tried again when its address changes.
"use strict";

(() => {
  const note = (picture) => picture.parentElement.querySelector(".no-picture");
  const isPicture = (element) => element instanceof HTMLImageElement && "picture" in element.dataset;

  const say = (picture) => {
    picture.hidden = true;
    note(picture)?.removeAttribute("hidden");
    const address = picture.src;
    setTimeout(() => {
      if (picture.isConnected && picture.src === address) picture.src = address;
    }, 2000);
  };

  addEventListener("error", (event) => isPicture(event.target) && say(event.target), true);

  addEventListener("load", (event) => {
    if (!isPicture(event.target)) return;
    event.target.hidden = false;
    note(event.target)?.setAttribute("hidden", "");
  }, true);

  // Some failed before this script ran.
  for (const picture of document.querySelectorAll("img[data-picture]")) {
    if (picture.complete && picture.naturalWidth === 0) say(picture);
  }
})();
