"""The bill of materials: what is locked, with its hashes and licence, and what is vendored."""

import json
import re
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from hmi.build import VERSION

#: npm's names of what is vendored
NPM = {
    "htmx": "htmx.org",
    "openlayers": "ol",
    "swagger-ui": "swagger-ui-dist",
    "tabler-icons": "@tabler/icons",
}
_PIN = re.compile(r"^([a-z0-9-]+)==([^ ;]+)(.*(?:\n    .*)*)", re.MULTILINE)
_LONGEST = 200  # a licence given as its whole text is no name


def write(project: Path, file: Path) -> int:
    bom = made(project)
    file.write_text(JsonV1Dot6(bom).output_as_string(indent=2), encoding="utf-8")
    print(f"{file}: {len(bom.components)} components")
    return 0


def made(project: Path) -> Bom:
    bom = Bom()
    product = Component(name="porosity-hmi", version=VERSION, type=ComponentType.APPLICATION)
    bom.metadata.component = product
    parts = [*_locked(project / "requirements.txt"), *_vendored(project / "static/vendor/manifest.json")]
    for part in parts:
        bom.components.add(part)
    bom.register_dependency(product, parts)
    return bom


def _locked(lock: Path) -> list[Component]:
    return [
        _component(
            PackageURL("pypi", None, name, version),
            _licence_of(name),
            [
                HashType(alg=HashAlgorithm.SHA_256, content=digest)
                for digest in re.findall(r"sha256:([0-9a-f]{64})", rest)
            ],
        )
        for name, version, rest in _PIN.findall(lock.read_text(encoding="utf-8"))
    ]


def _vendored(manifest: Path) -> list[Component]:
    return [
        _component(_npm(entry["name"], entry["version"]), entry["licence"], [])
        for entry in json.loads(manifest.read_text(encoding="utf-8"))
    ]


def _npm(name: str, version: str) -> PackageURL:
    scope, _, bare = NPM.get(name, name).rpartition("/")
    return PackageURL("npm", scope or None, bare, version)


def _component(url: PackageURL, licence: str, hashes: list[HashType]) -> Component:
    licences = [LicenseFactory().make_from_string(licence)] if licence else []
    return Component(
        name=url.name,
        group=url.namespace,
        version=url.version,
        type=ComponentType.LIBRARY,
        purl=url,
        bom_ref=url.to_string(),
        licenses=licences,
        hashes=hashes,
    )


def _licence_of(name: str) -> str:
    """As the installed package says it; empty where it is not installed here or says nothing."""
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    expression = said.get("License-Expression") or ""
    if expression:
        return expression
    classified = [
        one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or [] if "License ::" in one
    ]
    plain = said.get("License") or ""
    return (classified or [plain if len(plain) < _LONGEST else ""])[0]
