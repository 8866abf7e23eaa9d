"""A network's specification as a file: a JSON object of its fields, perhaps edited by hand. No torch here.

The page writes it and takes it back, and the command line takes it wherever a preset may stand.
"""

from pathlib import Path

from resnet_core.errors import N_, Refusal
from resnet_core.spec import ArchSpec

SUFFIX = ".json"  # a preset's name does not end so
MAX_BYTES = 64_000  # the longest that can be written, a shortcut cut at each of 2,400 blocks, is a quarter of it


def spec_json(spec: ArchSpec) -> str:
    """Every field; :func:`read_spec` reads it back."""
    return spec.model_dump_json(indent=2) + "\n"


def read_spec(text: str | bytes) -> ArchSpec:
    """The specification that a file or a pasted text holds; a field that is not named has its default.

    :class:`Refusal`: larger than 64 kB, no text in UTF-8, no JSON, nested too deeply, a field that there is not, or a
    value that it cannot have.
    """
    data = text.encode(errors="replace") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        raise Refusal(
            N_("A specification is a short text; this one is larger than {most} kB, so it is something else."),
            most=MAX_BYTES // 1000,
        )
    try:
        plain = data.decode("utf-8-sig").strip()  # some editors put a mark before the text
    except UnicodeDecodeError:
        raise Refusal(N_("This file is no text in UTF-8, so it holds no specification.")) from None
    if not plain:
        raise Refusal(N_("This is empty; a specification is a JSON object of fields and values."))
    return ArchSpec.model_validate_json(plain)


def read_spec_file(path: str) -> ArchSpec:
    """The specification in a file; a :class:`Refusal` as of :func:`read_spec`, or where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Refusal(N_("{file} cannot be read: {reason}."), file=path, reason=error.strerror or str(error)) from error
    return read_spec(data)
