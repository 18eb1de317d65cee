"""Cameras and images in one line each, for the tests of the judge."""

from regions import Boxes, CameraRules, ImageToJudge, Region, Rule, judge

OFF = Rule(None, None, None, 0)
SIZE = Rule(1.0, None, None, 0)
PAIRS = Rule(None, 2, 0.5, 0)
LEFT = ((0, 0), (50, 0), (50, 100), (0, 100))
RIGHT = ((50, 0), (100, 0), (100, 100), (50, 100))
BOW_TIE = ((0, 0), (100, 100), (100, 0), (0, 100))


def camera(default=OFF, *regions, scale=10.0, doubt=0.0, outside="default", **more):
    return CameraRules(scale, doubt, outside, default, regions, **more)


def inspect(name, polygon, rule, active=True):
    return Region(name, "inspect", polygon, rule, active)


def ignore(name, polygon, active=True):
    return Region(name, "ignore", polygon, None, active)


def boxes(*rows, suppressed=None):
    return Boxes.of(range(1, len(rows) + 1), *zip(*rows, strict=True), suppressed=suppressed)


def judged(rules, *rows, size=(100, 100), suppressed=None):
    return judge([ImageToJudge(rules, *size, boxes(*rows, suppressed=suppressed))])[0]
