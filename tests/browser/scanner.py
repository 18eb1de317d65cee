"""A scanner: a keyboard whose keys follow each other at once, however busy the machine is."""

from playwright.sync_api import Page

_SCAN = """(text) => {
  for (const key of [...text, "Enter"]) {
    for (const type of ["keydown", "keyup"]) {
      const event = new KeyboardEvent(type, { key, bubbles: true, cancelable: true, composed: true });
      (document.activeElement ?? document.body).dispatchEvent(event);
    }
  }
}"""


def scan(page: Page, text: str) -> None:
    """The whole code and Enter in one go. Keys that a script makes press no buttons: type those by hand."""
    page.evaluate(_SCAN, text)
