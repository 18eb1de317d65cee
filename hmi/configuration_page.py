"""docs/configuration.md, made from config/default.yaml: python -m hmi.configuration_page

The comments there are the help; this only sets them as headings and tables.
"""

import re
import sys
from dataclasses import dataclass, field

from hmi.settings import DEFAULTS, PROJECT, SECRETS, variable_of

PAGE = PROJECT / "docs" / "configuration.md"
HEAD = """# Configuration

Made from `config/default.yaml` by `python -m hmi.configuration_page`; change the help there.

Settings come from that file, then from your own YAML file (`HMI_CONFIG` or `python wsgi.py --config FILE`),
which holds only what differs, then from the environment: each setting below names its variable. Lists and
truths are written there as in YAML. Whatever is wrong stops the start with one line that names the key.
Secrets are taken from the environment or from a file of one line (`…_file`), never from YAML.
"""
_SECTION = re.compile(r"([a-z_]+):")
_KEY = re.compile(r"  ([a-z_]+):(.*)")


@dataclass
class Key:
    name: str
    default: str
    help: list[str] = field(default_factory=list)


@dataclass
class Section:
    name: str
    help: list[str]
    keys: list[Key] = field(default_factory=list)


def sections(text: str) -> list[Section]:
    """The sections of default.yaml with their help. A key without help shares the one before it."""
    found: list[Section] = []
    said: list[str] = []
    for line in text.splitlines():
        if not line.strip():
            said = [] if not found else said
        elif line.lstrip().startswith("#"):
            said.append(line.lstrip().removeprefix("#").removeprefix(" "))
        elif begun := _SECTION.match(line):
            found.append(Section(begun[1], said))
            said = []
        elif key := _KEY.match(line):
            keys = found[-1].keys
            shared = keys[-1].help if keys and not said else said
            keys.append(Key(key[1], key[2].strip(), list(shared)))
            said = []
        else:
            nested = found[-1].keys[-1]
            nested.default = f"{nested.default}\n{line.strip()}".strip()
            nested.help += said
            said = []
    return found


def page() -> str:
    parts = [HEAD]
    for section in sections(DEFAULTS.read_text(encoding="utf-8")):
        parts.append(f"## {section.name}\n\n{_paragraph(section.help)}\n")
        parts.extend(_setting(section.name, key) for key in section.keys)
    return "\n".join(parts)


def _setting(section: str, key: Key) -> str:
    variable = variable_of(section, key.name)
    default = key.default.replace("\n", "; ") or '""'
    secret = " Secret." if (section, key.name) in SECRETS else ""
    return (
        f"### {section}.{key.name}\n\n{_paragraph(key.help)}\n\nDefault `{default}`; `{variable}`.{secret}\n"
    )


def sentences(lines: list[str]) -> str:
    """The help without the lines that show YAML."""
    return " ".join(line.strip() for line in lines if not _is_yaml(line))


def _is_yaml(line: str) -> bool:
    return line.startswith(("- ", "  ")) and ":" in line


def _paragraph(lines: list[str]) -> str:
    """Sentences as a paragraph; lines that show YAML stay as they are."""
    text, shown = sentences(lines), [line for line in lines if _is_yaml(line)]
    return "\n\n".join([text, *(["```yaml\n" + "\n".join(shown) + "\n```"] if shown else [])]).strip()


def main() -> int:
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
