"""What is said of a job whose process did not end by itself. No torch here."""

from resnet_core.errors import N_, Refusal


def silent(seconds: float) -> Refusal:
    """It has not been heard of for so long."""
    return Refusal(
        N_("The process that measured this had not been heard of for {seconds} s and was ended; what it had recorded "
           "is kept."),
        seconds=round(seconds),
    )  # fmt: skip


def ended_early(exit_code: int | None) -> Refusal:
    """Its process ended without its last word."""
    if exit_code is not None and exit_code < 0:
        return Refusal(
            N_("The process that measured this was ended by the system (signal {signal}); what it had recorded is "
               "kept."),
            signal=-exit_code,
        )  # fmt: skip
    return Refusal(
        N_("The process that measured this ended without a word (code {code}); what it had recorded is kept."),
        code=exit_code,
    )
