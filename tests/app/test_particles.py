"""Korean particles after values: by the last syllable as it is read."""

import pytest

from app.text import words
from app.text.particles import fitted


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("학습은(는)", "학습은"), ("네트워크은(는)", "네트워크는"), ("블록을(를)", "블록을"), ("배치을(를)", "배치를"),
        ("A이(가)", "A가"), ("B와(과) C은(는)", "B와 C는"), ("블록와(과) D", "블록과 D"),
        ("ResNet을(를)", "ResNet을"), ("skip이(가)", "skip이"), ("batch을(를)", "batch를"), ("test은(는)", "test는"),
        ("plain은(는)", "plain은"), ("wide은(는)", "wide는"), ("SGD을(를)", "SGD를"), ("XML을(를)", "XML을"),
        ("ResNet-56은(는)", "ResNet-56은"), ("plain-20이(가)", "plain-20이"), ("cifar44와(과)", "cifar44와"),
        ("서울(으)로", "서울로"), ("기록(으)로", "기록으로"), ("폴더(으)로", "폴더로"), ("run-7(으)로", "run-7로"),
        ("`a1b3`(으)로", "`a1b3`으로"), ("A(ResNet-56)은(는)", "A(ResNet-56)는"), ("**B**이(가)", "**B**가"),
        ("100%이(가)", "100%가"), ("A (plain-56)은(는)", "A (plain-56)는"),
        ("…은(는)", "…은(는)"), ("은(는)", "은(는)"), ("particles", "particles"),
    ],
)  # fmt: skip
def test_a_particle_fits_its_noun(written: str, said: str) -> None:
    assert fitted(written) == said


def test_a_message_with_values_is_said_with_particles_that_fit() -> None:
    message = "The link names the study {study}, which cannot be one."
    assert "a3은 있을" in words("ko")(message, study="a3")
    assert "a2는 있을" in words("ko")(message, study="a2")
