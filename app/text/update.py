"""``python -m app.text.update``: bring the catalogues up to date with the messages in the source.

Adds what is new (empty in Korean, for a translator), drops what is gone, keeps what is translated. A test fails while
an entry is missing, stale or empty, or fills other places than its English sentence.
"""

import ast
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from app.text.catalogue import LANGUAGES, path_of, read

ROOT = Path(__file__).parents[2]
MARKERS = {"N_", "Refusal", "words"}


def messages_in_source() -> dict[str, list[str]]:
    """Every marked message with the files in which it stands."""
    found: dict[str, list[str]] = {}
    for path in sorted(file for package in ("app", "resnet_core") for file in (ROOT / package).rglob("*.py")):
        # Babel's own extractor reads tokens, and in Python 3.11 a message inside an f-string is not one.
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(message)), *_]
                ) if name in MARKERS:
                    found.setdefault(message, []).append(path.relative_to(ROOT).as_posix())
    return found


def updated(language: str) -> Catalog:
    """The language's catalogue, with exactly the messages of the source."""
    before = read(language) if path_of(language).exists() else Catalog(locale=language)
    old = {str(entry.id): str(entry.string) for entry in before}
    # The date of the first extraction stays, so that a run without news changes no file.
    catalogue = Catalog(
        locale=language, project="ResNet Explorer", charset="utf-8", fuzzy=False, creation_date=before.creation_date
    )
    for message, places in sorted(messages_in_source().items(), key=lambda item: (item[1][0], item[0])):
        text = message if language == "en" else old.get(message, "")
        # Files without lines: a moved line is no change to a translation.
        catalogue.add(message, text, locations=[(name, 0) for name in sorted(set(places))])
    return catalogue


def main() -> None:
    """Write both catalogues and report what waits for a translator."""
    for language in LANGUAGES:
        catalogue = updated(language)
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalogue, width=120, include_lineno=False, omit_header=False)
        missing = sum(1 for entry in catalogue if entry.id and not entry.string)
        sys.stdout.write(f"{language}: {len(catalogue)} messages, {missing} to translate\n")


if __name__ == "__main__":
    main()
