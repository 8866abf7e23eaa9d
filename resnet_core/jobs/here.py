"""A training in this very process, kept in a run folder just as a job's: for a terminal. Torch comes with its start."""

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from resnet_core.errors import Refusal
from resnet_core.jobs.child import explained
from resnet_core.jobs.job import end_values, header_values
from resnet_core.jobs.store import Status, Writer, new_id
from resnet_core.jobs.stored import StoredRun
from resnet_core.recipe import TrainSpec
from resnet_core.records import to_line
from resnet_core.spec import ArchSpec
from resnet_core.train.records import RunHeader, StepRecord
from resnet_core.train.tape import Tape


class KeptTraining:
    """One training and its folder. The folder is taken at once, or a :class:`Refusal` says why it cannot be.

    With ``before``, a run of this root that has ended early, that run goes on: its records continue after the last one.
    ``warning``: why the folder cannot be written any more, or a checkpoint could not be.
    """

    def __init__(
        self, spec: ArchSpec, how: TrainSpec, *, root: Path, label: str, threads: int, before: StoredRun | None = None
    ) -> None:
        self.id = before.id if before else new_id()
        self.args = spec.model_dump(mode="json"), how.model_dump(mode="json")
        self.label, self.threads = label, threads
        self.header: RunHeader | None = before.header if before else None
        self.tape = before.tape if before else Tape()
        self._warning: Refusal | None = None
        self._writer = Writer(root, self.id)
        self._writer.claim()
        if before:
            self._writer.reopen()
        self._write_header()

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return self._writer.folder

    @property
    def warning(self) -> Refusal | None:
        """What went wrong although the training goes on."""
        return self._writer.warning or self._warning

    def records(self) -> Generator[RunHeader | StepRecord, None, None]:
        """The run's header, then each step, written down before it is handed out.

        Closing the generator stops the training after the step that it handed out last, with its weights.
        """
        status: Status = "failed"
        error: Refusal | None = None
        try:
            yield from self._train()
            status = "done"
        except (GeneratorExit, KeyboardInterrupt):
            status = "stopped"
            raise
        except Exception as problem:
            error = explained(problem)
            raise
        finally:
            self._writer.end(end_values(status, error, self.tape))

    def _train(self) -> Generator[RunHeader | StepRecord, None, None]:
        import torch

        from resnet_core.jobs.work import train

        torch.set_num_threads(self.threads)
        after = self.tape.last.step if self.tape.last else 0
        with closing(train(*self.args, folder=str(self.folder), after=after, warn=self._warn)) as records:
            for record in records:
                if isinstance(record, StepRecord):
                    self._writer.record(to_line(record))
                    self.tape.append(record)
                elif self.header is None:  # a run that goes on keeps the facts of its first start
                    self.header = record
                    self._write_header()
                yield record

    def _warn(self, warning: Refusal) -> None:
        self._warning = warning

    def _write_header(self) -> None:
        self._writer.header(header_values("train", self.args, self.label, self.threads, self.header))
