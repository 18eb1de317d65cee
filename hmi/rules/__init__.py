"""Rules that people draw: drafts, publishing, versions, trials against the past, calibration, exchange.

`hmi.judging` judges by what is published; nothing here judges a part that comes.
"""
