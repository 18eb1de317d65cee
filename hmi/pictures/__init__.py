"""Pictures of images: decoded, overlaid with what was judged, cached. Knows no web and no database."""
