"""The soak in its shortest form: everything together, a few faults, and nothing untrue on the screen."""

import subprocess
import sys

import pytest
from playwright.sync_api import sync_playwright

from hmi.settings import PROJECT
from tests.browser import browsers

pytestmark = [pytest.mark.browser, pytest.mark.postgres]


def test_a_line_with_faults_and_people_shows_nothing_untrue_and_loses_nothing():
    with sync_playwright() as driver:
        if browsers.find(driver) is None:
            pytest.skip("there is no Chromium, Chrome or Edge on this machine")
    asked = ["--minutes", "0.35", "--seed", "5", "--every", "3", "--period", "2"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.soak", *asked],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\n0 violations" in done.stdout
