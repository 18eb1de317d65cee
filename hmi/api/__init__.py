"""The JSON API for programs: one module a noun, each operation stated beside its view.

Permissions, decisions and rules are those of the pages: nothing is checked in two places.
"""
