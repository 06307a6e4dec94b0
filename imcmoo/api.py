"""Studies as users call them, with the verbs run, enumerate, certify, widen, what_if and robust.

Create a study, or load one with `Study.load`, and call a verb. `folder` is where results go::

    >>> study = Study(
    ...     name="small", model="physical", device="sram", networks=["resnet18"],
    ...     criterion="edap_geomean", space={"rows": [64, 128], "cols": [64, 128]},
    ... )

Here `small` is such a study with one value for most other parameters::

    >>> run = small.run(budget=20, out=folder)
    >>> run.design["rows"].item() in (64, 128)
    True
    >>> exact = small.enumerate(out=folder)
    >>> small.certify(out=folder)["edap_geomean"].gap
    0.0
    >>> wider = small.widen("enumerate", out=folder)
    >>> wider.best.score <= wider.solved.score
    True
    >>> table = small.what_if([{"technology_nm": 22}, {"adc_energy_factor": 0.5}])
    >>> list(table["change"])
    ['as it is', 'technology_nm=22', 'adc_energy_factor=0.5']
    >>> answer = small.robust(draws=3)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from imcmoo.io.errors import InputError
from imcmoo.study import devices, study
from imcmoo.study.devices import Kinds

# What solves studies is imported by the verbs: it takes a second or two, which those who only
# write or read a study do without.
if TYPE_CHECKING:
    import pandas as pd

    from imcmoo.answers.answers import Answers
    from imcmoo.answers.robust_answer import RobustAnswer
    from imcmoo.ask.unseen import Unseen
    from imcmoo.ask.widen import Round, Solver, WideningResult
    from imcmoo.exact.certificate import Certificate
    from imcmoo.report.finished_run import Run
    from imcmoo.solve.certify import OnStep
    from imcmoo.solve.enumerate import ExactOptima
    from imcmoo.solve.enumerate import OnProgress as OnChunk
    from imcmoo.solve.searches import OnTrace
    from imcmoo.study.uncertainty import RobustCriterion, Score


class Study(study.Study):  # noqa: D101 - documented with its keys
    __doc__ = study.Study.__doc__

    def __new__(cls, /, **settings: object) -> Any:
        """Create a study, or a `StudyOfDevices` if `device` is a list."""
        if isinstance(settings.get("device"), list | tuple):
            return StudyOfDevices.from_settings(settings, cls)
        return super().__new__(cls)

    @classmethod
    def load(cls, source: str | Path) -> Study | StudyOfDevices:
        """Load a study from a file or by name.

        Args:
            source: path of a TOML file, or the name of a study that this or another installed
                package offers. Paths in the file are relative to its folder.

        Raises:
            InputError: the study or file does not exist, or has faults; one line per fault.
        """
        from imcmoo.study.catalogue import find

        return cast("Study | StudyOfDevices", find(str(source), KINDS))

    def run(
        self,
        *,
        out: str | Path = "results",
        budget: int | None = None,
        seed: int | None = None,
        algorithm: object = None,
        resume: bool = False,
        force: bool = False,
        progress: OnTrace | None = None,
    ) -> Run:
        """Search, select a design, and write the files of `imcmoo run` to OUT/NAME/seed-N.

        For several seeds, use `imcmoo.run_studies([study.replace(seeds=n) for n in seeds], out)`.

        Args:
            out: folder of all results.
            budget: unique designs that each search evaluates. If None, that of the study.
            seed: seed of all random choices. If None, the first seed of the study.
            algorithm: an algorithm of pymoo that searches instead of the built-in search, such as
                `NSGA2(pop_size=100)`, or its `module:name`. If None, that of the study.
            resume: continue an interrupted run and keep a complete one. If False, start over.
            force: replace a run with the same name but other settings, such as another budget;
                otherwise such a run is an error.
            progress: called after each generation with the name and the state of the search.

        Raises:
            ValueError: the budget or seed is out of range.
            InputError: no design is feasible, or the folder is in use.
        """
        from imcmoo.run import run_study

        self.warn_of_weights()
        settings = {"budget": budget, "seeds": seed, "algorithm": algorithm}
        study = self.replace(**{key: value for key, value in settings.items() if value is not None})
        return run_study(study, Path(out), resume=resume, force=force, progress=progress)

    def enumerate(
        self,
        *,
        out: str | Path = "results",
        workers: int = 1,
        force: bool = False,
        progress: OnChunk | None = None,
    ) -> ExactOptima:
        """Evaluate every design and write the files of `imcmoo enumerate` to OUT/enumerated/NAME.

        Call it again to continue after an interrupt. Runs with the same `out` then report regret
        against the exact optima.

        Args:
            out: folder of all results.
            workers: number of processes on this machine.
            force: replace the exact answer of a different study with the same name.
            progress: called after each chunk with the number of finished chunks and of all chunks.

        Returns:
            The exact optima and the exact Pareto front, as tables.

        Raises:
            InputError: no design is feasible, the space is too large, or the folder is in use.
        """
        from imcmoo.solve.enumerate import ExactOptima, enumerate_to

        self.warn_of_weights()
        report = progress or (lambda done, total: None)
        answer = enumerate_to(self, Path(out), force=force, workers=workers, on_progress=report)
        return ExactOptima(self, answer)

    def certify(
        self,
        criterion: str | None = None,
        *,
        gap: float = 0.0,
        time_limit_s: float = float("inf"),
        out: str | Path = "results",
        force: bool = False,
        progress: OnStep | None = None,
    ) -> dict[str, Certificate]:
        """Prove the best design and write the files of `imcmoo certify` to OUT/certified/NAME.

        Args:
            criterion: criterion to prove, or "all". If None, the criterion of the study.
            gap: allowed excess of the design over the optimum, as a share.
            time_limit_s: time limit per criterion, s. The gap reached by then is certified.
            out: folder of all results. Stored certificates that reach the gap are kept.
            force: replace the certificates of a different study with the same name.
            progress: called after each step with the criterion, value, bound and gap.

        Returns:
            Certificates of the criterion and of the single-network optima it depends on, by
            criterion.

        Raises:
            InputError: the criterion cannot be certified, no design is feasible, or the folder is
                in use.
        """
        from imcmoo.solve.certify import write_certificates

        self.warn_of_weights(criterion)
        proven = write_certificates(
            self,
            criterion or self.default_proof,
            Path(out),
            force=force,
            gap=gap,
            time_limit_s=time_limit_s,
            on_step=progress or (lambda *state: None),
        )
        return {certificate.criterion: certificate for certificate in proven}

    def widen(
        self,
        method: Literal["certify", "enumerate", "run"] = "certify",
        *,
        out: str | Path = "results",
        force: bool = False,
        progress: Callable[[Round], None] | None = None,
    ) -> WideningResult:
        """Solve the study, and again with longer lists, until no best value ends its list.

        A list whose end the best design has gets the next value of its progression, if the cost
        model covers it. Results of the study go to its own folder; those of the widened one, called
        NAME-widened, go beside it, with the study as `study.toml`.

        Args:
            method: how each study is solved: "certify" and "enumerate" prove the best design,
                "run" searches for it.
            out: folder of all results.
            force: replace results of different studies with these names.
            progress: called after each round.

        Raises:
            InputError: the cost model does not tell which values it covers, or see the method.
        """
        from imcmoo.ask.widen import widen_study

        report = progress or (lambda done: None)
        return widen_study(self, _solver(method), Path(out), force=force, on_round=report)

    def what_if(
        self,
        changes: Sequence[Mapping[str, object]],
        *,
        time_limit_s: float | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> pd.DataFrame:
        """Answer the study as it is and under each change, in one table; writes nothing.

        Each change is a dictionary by key: a key of the study, of all networks (or `NETWORK.key` of
        one) or of the scenario, a parameter of the space, or an assumption of the physical model::

            study.what_if([{"technology_nm": 22}, {"device": "dimc", "rows": [128, 256]}])

        Args:
            changes: each a change of its own; all keys of one are changed together.
            time_limit_s: time limit of a proof per criterion, s. If None, one minute.
            progress: called with the name of each change before it is answered.

        Returns:
            One row per answer, the first without changes, then in the order of `changes` (with
            listed devices, a row for each). `answer` states if it is certified, enumerated or
            searched; `score` is in the unit of the criterion (J·s·mm² for those of EDAP). Units of
            costs are in the names of their columns. Values of changed assumptions are in the text
            of the column `change` only.

        Raises:
            InputError: a key is unknown, or a value is wrong; names the change.
        """
        from imcmoo.ask.what_if import TIME_LIMIT_S, what_if

        limit = TIME_LIMIT_S if time_limit_s is None else time_limit_s
        return what_if(self, changes, time_limit_s=limit, on_change=progress or (lambda name: None))

    def robust(
        self,
        draws: int | None = None,
        criterion: RobustCriterion | None = None,
        quantile: float | None = None,
        by: Score | None = None,
        *,
        quick: bool = False,
        workers: int = 1,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> RobustAnswer:
        """Find the chip that is best by a criterion over draws of uncertain costs.

        Costs are drawn within the bands of the assumptions of the physical model, and the best chip
        of each draw is proven. Writes nothing; call `save` of the answer. If an argument is None,
        the table `[uncertainty]` of the study counts, else its default.

        Args:
            draws: number of draws.
            criterion: what the robust chip has least of: "robust_mean", "robust_quantile" or
                "robust_worst".
            quantile: of the regrets, for "robust_quantile".
            by: score of a chip in a draw.
            quick: prove the first 30 draws only.
            workers: number of processes on this machine.
            progress: called with the kind of work, and the numbers of finished draws, or steps of
                a proof, and of all.

        Returns:
            The robust chip and how good it is, as tables; what to measure first.

        Raises:
            InputError: costs of the study cannot be drawn, or a value is wrong; says why.
            Infeasible: no chip is feasible in any draw, or every chip breaks a limit too often.
        """
        changes = {"draws": draws, "criterion": criterion, "quantile": quantile, "by": by}
        return _robust(self, changes, quick, workers, progress)

    def unseen(self, by: Score | None = None, *, mix: bool = False) -> Unseen:
        """Leave out each network in turn, and compare the best chip of the others; writes nothing.

        Costs are as assumed, and all chips are proven: 2 W + 1 proofs for W networks.

        Args:
            by: score that is least, such as "edap_geomean". If None, that of `[uncertainty]`.
            mix: find the robust chip over random mixes of the networks as well, as many as
                `[uncertainty]` has draws, each with a proof.

        Returns:
            The chips, with a table of their regrets, and the limits that they break.

        Raises:
            InputError: the study takes no such question, no network can be left out, or no chip
                runs all of them; says why.
        """
        return _unseen(self, by, mix=mix)


class StudyOfDevices(devices.StudyOfDevices):  # noqa: D101 - documented with its fields
    __doc__ = devices.StudyOfDevices.__doc__

    def run(
        self,
        *,
        out: str | Path = "results",
        budget: int | None = None,
        seed: int | None = None,
        algorithm: object = None,
        resume: bool = False,
        force: bool = False,
        progress: OnTrace | None = None,
    ) -> Answers:
        """Search each device, and write the files of `imcmoo run` to OUT/NAME.

        A device without a feasible design has no chip in the comparison.

        Args:
            out, budget, seed, algorithm, resume, force, progress: see `Study.run`; the budget is
                that of each device.

        Returns:
            The best chip of each device; regrets are against the best found on any device.

        Raises:
            ValueError: the budget or seed is out of range.
            InputError: no device has a feasible design, or a folder is in use.
        """
        from imcmoo.run import Observer, run_devices

        self.studies[0].warn_of_weights()
        changes = {"budget": budget, "seeds": seed, "algorithm": algorithm}
        study = self.replace(**{key: value for key, value in changes.items() if value is not None})
        seeds = study.studies[0].seeds[:1]
        observer = Observer() if progress is None else Observer(progress)
        return run_devices(
            study, Path(out), seeds=seeds, resume=resume, force=force, observer=observer
        )

    def enumerate(
        self,
        *,
        out: str | Path = "results",
        workers: int = 1,
        force: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Answers:
        """Evaluate every design of each device, and write to OUT/enumerated/NAME.

        Call it again to continue after an interrupt; complete answers of devices are kept.

        Args:
            out, workers, force, progress: see `Study.enumerate`; chunks are those of a device.

        Returns:
            The best chip of each device; regrets are against the optima over all devices.

        Raises:
            InputError: no device has a feasible design, a space is too large, or a folder is in
                use.
        """
        from imcmoo.solve.devices import enumerate_devices

        self.studies[0].warn_of_weights()
        report = progress or (lambda done, total: None)
        return enumerate_devices(
            self, Path(out), workers=workers, force=force, on_progress=lambda _, *at: report(*at)
        )

    def widen(
        self,
        method: Literal["certify", "enumerate", "run"] = "certify",
        *,
        out: str | Path = "results",
        force: bool = False,
        progress: Callable[[Round], None] | None = None,
    ) -> dict[str, WideningResult | InputError]:
        """Widen the study of each device by itself; regrets are against the optima of the device.

        Args:
            method, out, force, progress: see `Study.widen`.

        Returns:
            What widening found, by device, or the error that says why a device cannot be widened.
        """
        from imcmoo.ask.widen import widen_devices

        report = progress or (lambda done: None)
        return widen_devices(self, _solver(method), Path(out), force=force, on_round=report)

    def certify(
        self,
        criterion: str | None = None,
        *,
        gap: float = 0.0,
        time_limit_s: float = float("inf"),
        out: str | Path = "results",
        force: bool = False,
        progress: OnStep | None = None,
    ) -> Answers:
        """Prove the best chip of each device, and write to OUT/certified/NAME.

        Args:
            criterion, gap, time_limit_s, out, force, progress: see `Study.certify`; gap and time
                limit are each device's.

        Returns:
            The best chip of each device with its bound; regrets are against the optima over all
            devices.

        Raises:
            InputError: the criterion cannot be certified, no device has a feasible design, or a
                folder is in use.
        """
        from imcmoo.solve.devices import certify_devices

        self.studies[0].warn_of_weights(criterion)
        report = progress or (lambda *state: None)
        return certify_devices(
            self,
            criterion,
            Path(out),
            force=force,
            gap=gap,
            time_limit_s=time_limit_s,
            on_step=lambda _, *state: report(*state),
        )

    def what_if(
        self,
        changes: Sequence[Mapping[str, object]],
        *,
        time_limit_s: float | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> pd.DataFrame:
        """Answer each device as it is and under each change; see `Study.what_if`.

        A device that refuses a change has a row that says why.

        Raises:
            InputError: no device takes a change; names the change.
        """
        from imcmoo.ask.what_if import TIME_LIMIT_S, what_if

        limit = TIME_LIMIT_S if time_limit_s is None else time_limit_s
        return what_if(self, changes, time_limit_s=limit, on_change=progress or (lambda name: None))

    def robust(
        self,
        draws: int | None = None,
        criterion: RobustCriterion | None = None,
        quantile: float | None = None,
        by: Score | None = None,
        *,
        quick: bool = False,
        workers: int = 1,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> RobustAnswer:
        """Find the robust chip of each device and of all, and the better device.

        Args:
            draws, criterion, quantile, by, quick, workers, progress: see `Study.robust`.

        Returns:
            The chips, the ratio of each pair of devices with its probability, and what to measure
            first.
        """
        changes = {"draws": draws, "criterion": criterion, "quantile": quantile, "by": by}
        return _robust(self, changes, quick, workers, progress)

    def unseen(self, by: Score | None = None, *, mix: bool = False) -> Unseen:
        """Leave out each network in turn, on each device; see `Study.unseen`."""
        return _unseen(self, by, mix=mix)


def _unseen(study: Study | StudyOfDevices, by: Score | None, *, mix: bool) -> Unseen:
    from imcmoo.ask.robust import Options
    from imcmoo.ask.unseen import unseen

    return unseen(study, by, mix=Options() if mix else None)


def _solver(method: str) -> Solver:
    if method == "run":
        from imcmoo.run import SOLVER

        return SOLVER
    from imcmoo.ask.widen import SOLVERS

    if method not in SOLVERS:
        raise InputError(f"unknown method {method!r}; known: {', '.join(SOLVERS)}, run")
    return SOLVERS[method]


def _robust(
    study: Study | StudyOfDevices,
    changes: Mapping[str, object],
    quick: bool,
    workers: int,
    progress: Callable[[str, int, int], None] | None,
) -> RobustAnswer:
    """The robust chip of a study with other values of the keys that are not None."""
    from imcmoo.ask.robust import Options, robust

    options = Options(quick=quick, workers=workers, on_draw=progress or (lambda *state: None))
    return robust(study, options, **{k: v for k, v in changes.items() if v is not None})


KINDS = Kinds(Study, StudyOfDevices)
"""Classes that `Study.load` creates."""
