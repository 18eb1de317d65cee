"""Everything that touches the plant: its database (read, and one compare-and-set) and its image files.

The plant database belongs to the vision system. Nothing is ever created or altered in it; see
`docs/decisions.md`.
"""
