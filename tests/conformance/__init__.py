"""Public validators of standards, each in an environment of its own, against a running server.

    python -m tests.conformance [NAME …]

Each module of this package is one validator: `run()` says whether the server passed.
"""
