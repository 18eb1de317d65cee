"""Images in pieces, as the IIIF Image API 3.0 describes them; knows nothing of the web."""
