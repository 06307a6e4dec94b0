"""Calibration of the physical model to a measured macro: factors on the costs of its parts.

`Macro.load("mine.toml").calibrate()` fits the factors; a study applies the file that
`imcmoo calibrate` writes of them with the key `calibration`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from pydantic import BeforeValidator, Field, ValidationError, model_validator
from scipy.optimize import least_squares

from imcmoo.arrays import Floats
from imcmoo.hardware.lookup import MissingRow
from imcmoo.hardware.physical_table import PhysicalTable
from imcmoo.io.errors import InputError, did_you_mean, input_errors
from imcmoo.io.files import writing
from imcmoo.io.reading import read_toml
from imcmoo.model.physical import MODEL_VERSION
from imcmoo.model.physical.assumptions import Assumption, Assumptions
from imcmoo.model.physical.latency import read_and_convert
from imcmoo.model.physical.macro import (
    NotTabulated,
    macro_costs,
    nearest_node,
    nearest_size,
    nearest_supply_V,
)
from imcmoo.model.physical.memory_cells import memory_cell
from imcmoo.model.physical.parameters import ADC_MODELS, LIMITS, DesignRefused
from imcmoo.study.faults import fault_lines
from imcmoo.study.table import DeviceName, Positive, Table, is_file
from imcmoo.study.toml import toml_text

SCALED = {
    "adc_energy_factor": ("energy_adc_J",),
    "input_energy_factor": ("energy_dac_J",),
    "array_energy_factor": ("energy_cells_J",),
    "adc_time_factor": ("convert_s",),
    "adc_area_factor": ("area_adc_m2", "leak_adc_W"),
    "array_area_factor": ("area_cells_m2", "area_drivers_m2", "leak_cells_W", "leak_drivers_W"),
}
"""Assumptions that are fitted, in the order of the file, with the parts of `macro_costs` that they
multiply."""

FACTORS = tuple(SCALED)

ERROR, PRIOR = math.log(1.1), math.log(3)
"""Standard deviations of the logarithms of measurements, and of factors before any."""

UNDETERMINED = math.log(2)
"""Standard deviation of the logarithm of a factor above which measurements do not determine it."""

LARGEST_FACTOR = 30.0
"""A factor beyond this, or its reciprocal, is taken for a wrong unit of a measurement."""

PRESETS = Path(__file__).parents[1] / "hardware" / "calibrations"
"""Folder of the calibrations that ship with the package, each with its macro."""

ENDING = ".calibration.toml"

SHARES = {
    "adc_energy_share": "energy_adc_J",
    "input_energy_share": "energy_dac_J",
    "array_energy_share": "energy_cells_J",
    "adc_area_share": "area_adc_m2",
}
"""Parts of `macro_costs` whose shares of energy or area may be measured, by key."""

COSTS = {"time_ns": "time_s", "energy_pJ": "energy_J", "area_um2": "area_m2", **SHARES}
"""Columns of `macro_costs`, by the key of their measurement."""

OF_COLUMNS = {
    "dot_product_length": "products", "n_adc": "adcs", "active_rows": "products",
    "input_slice_bits": "input_bits", "bits": "adc_bits",
}  # fmt: skip
"""Keys of a macro by other names of columns."""

Share = Annotated[float, Field(gt=0, le=1)]


class MacroTable(Table):
    """`[macro]`: a measured macro. One invocation is one conversion of every ADC."""

    name: str
    device: DeviceName
    technology_nm: Positive
    rows: int = Field(ge=1)
    cols: int = Field(ge=1)
    products: int = Field(ge=1, description="summed in one conversion")
    adcs: int = Field(ge=1, description="that work in parallel")
    input_bits: int = Field(ge=1, le=8)
    weight_bits: int = Field(ge=1, le=16)
    adc_bits: int = Field(ge=1, le=16)
    area_um2: Positive | None = None
    adc_area_share: Share | None = None
    cell: Literal["charge", "plain"] = "charge"
    bits_per_cell: int = Field(1, ge=1, le=4)
    input_coding: Literal["levels", "pulses"] = "levels"
    sample_and_hold: int = Field(0, ge=0, le=1)
    adc_model: str = "sar_noise"
    adc_noise: int = Field(
        0,
        ge=0,
        le=LIMITS["adc_noise"][1],
        description="of a conversion, percent of a unit; 0: not stated",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.adc_model not in ADC_MODELS:
            allowed = ", ".join(ADC_MODELS)
            raise ValueError(f"unknown adc_model {self.adc_model!r}; allowed: {allowed}")
        for key, most in (("products", "rows"), ("adcs", "cols")):
            if getattr(self, key) > getattr(self, most):
                raise ValueError(f"{key} must be at most {most}, {getattr(self, most)}")
        if self.adc_area_share is not None and self.area_um2 is None:
            raise ValueError("adc_area_share needs area_um2")
        cell = memory_cell(self.device)
        if cell.exact:
            raise ValueError(f"{self.device} has no ADC to fit")
        if self.bits_per_cell > 1 and not cell.multilevel:
            raise ValueError(f"bits_per_cell must be 1 for {cell.title}")
        return self


class Setting(Table):
    """`[[setting]]`: a supply voltage and operand at which the macro was measured."""

    use: Literal["fit", "test"]
    voltage_V: Positive
    time_ns: Positive | None = Field(None, description="of one invocation")
    energy_pJ: Positive | None = Field(None, description="of one invocation")
    adc_energy_share: Share | None = None
    input_energy_share: Share | None = None
    array_energy_share: Share | None = None

    @property
    def shares(self) -> dict[str, float]:
        """Measured shares of the energy, by key."""
        shares = {key: getattr(self, key, None) for key in SHARES}
        return {key: share for key, share in shares.items() if share is not None}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.time_ns is None and self.energy_pJ is None:
            raise ValueError("needs time_ns or energy_pJ")
        shares = self.shares
        if shares and self.energy_pJ is None:
            raise ValueError(f"{next(iter(shares))} needs energy_pJ")
        if sum(shares.values()) > 1 + 1e-9:
            total = f"{sum(shares.values()):g}"
            raise ValueError(f"{', '.join(shares)} sum to {total}; must be at most 1")
        return self


def _with_one_to_fit(settings: Any) -> Any:
    """A tuple of settings, one of which is fitted to."""
    if not isinstance(settings, list | tuple):
        return settings
    uses = [s.get("use") if isinstance(s, dict) else getattr(s, "use", None) for s in settings]
    if "fit" not in uses and all(use in ("test", "fit") for use in uses):
        raise ValueError('no setting has use = "fit", so there is nothing to fit to')
    return tuple(settings)


@dataclass(frozen=True)
class Measurement:
    """A measured quantity beside the modelled one.

    Args:
        setting: number of the setting from 1, 0 for the area of the macro.
        quantity: key of the file that states it.
        use: "fit" or "test".
        stated: value in the file.
        blind: modelled over measured value without calibration.
        calibrated: modelled over measured value with it.
    """

    setting: int
    quantity: str
    use: str
    stated: float
    blind: float
    calibrated: float


def _rounded(value: float) -> float:
    """Five digits, which are the same on every machine."""
    return float(f"{value:.5g}")


Factor = Annotated[float, Field(ge=_rounded(1 / LARGEST_FACTOR), le=LARGEST_FACTOR)]
Deviation = Annotated[float, Field(gt=0, le=PRIOR)]


class Factors(Table):
    """A value for each of `FACTORS`."""

    adc_energy_factor: Factor
    input_energy_factor: Factor
    array_energy_factor: Factor
    adc_time_factor: Factor
    adc_area_factor: Factor
    array_area_factor: Factor


class Deviations(Table):
    """Standard deviation of the logarithm of each of `FACTORS`; a fit only lowers `PRIOR`."""

    adc_energy_factor: Deviation
    input_energy_factor: Deviation
    array_energy_factor: Deviation
    adc_time_factor: Deviation
    adc_area_factor: Deviation
    array_area_factor: Deviation


class Tested(Table):
    """`[[test]]`: modelled over measured value of a quantity that was not fitted to."""

    setting: int
    quantity: str
    blind: Positive
    calibrated: Positive


class Conditions(Table):
    """`[measured]`: node, rows and supply voltages of the macro."""

    technology_nm: Positive
    rows: int
    lowest_V: Positive
    highest_V: Positive

    def __str__(self) -> str:
        low, high = f"{self.lowest_V:g}", f"{self.highest_V:g}"
        supply = low if low == high else f"{low} to {high}"
        return f"at {supply} V, {self.technology_nm:g} nm, {self.rows} rows"

    def left_by(self, design: Mapping[str, Any]) -> str:
        """Sentence on the parameters of a design beyond the measurement; empty if there is none."""
        others = [
            f"{name} {design[name]:g}"
            for name in ("technology_nm", "rows")
            if name in design and design[name] != getattr(self, name)
        ]
        volt = design.get("voltage_V", self.lowest_V)
        if not self.lowest_V <= volt <= self.highest_V:
            others.append(f"voltage_V {volt:g}")
        if not others:
            return ""
        return f"This chip is beyond the measurement: {', '.join(others)}."


class Calibration(Table):
    """Factors on the costs of the physical model, fitted to a macro; `load` reads one.

    Values are those of a file of `imcmoo calibrate`. `deviations` are standard deviations of the
    logarithms of the factors.
    """

    macro: str
    device: DeviceName
    adc_model: str
    model_version: int
    components: str = Field(description="fingerprint of the component table")
    notes: tuple[str, ...] = ()
    measured: Conditions
    factors: Factors
    deviations: Deviations
    test: tuple[Tested, ...] = ()

    @classmethod
    def load(cls, source: str | Path) -> Calibration:
        """Read a calibration.

        Args:
            source: path of a file, which ends with `.toml`, or name of a preset.

        Raises:
            ValueError: there is no such preset, or the file is no calibration.
            OSError: the file cannot be read.
        """
        path = path_of(str(source))
        content = read_toml(path)
        try:
            return cls(**_with_tuples(content, "notes", "test"))
        except ValidationError as error:
            keys = {"": list(cls.model_fields), "test": list(Tested.model_fields)}
            keys["measured"] = list(Conditions.model_fields)
            (first, *_) = fault_lines(error, {**keys, "factors": FACTORS, "deviations": FACTORS})
            raise ValueError(f"{path}: no calibration of imcmoo calibrate: {first}") from None

    @property
    def worst_test(self) -> float | None:
        """Largest factor by which a tested value is off; None if none was tested."""
        if not self.test:
            return None
        return max(max(test.calibrated, 1 / test.calibrated) for test in self.test)

    @property
    def tested(self) -> str:
        """The worst test ratio in words."""
        if self.worst_test is None:
            return "not tested"
        return f"{len(self.test)} tested values are off by at most {self.worst_test:.2f} times"

    def __str__(self) -> str:
        return sentence(self.to_config())

    def assumptions(self) -> Assumptions:
        """Return the assumptions with the fitted factors, and two deviations as their bands."""
        reason = f"fitted to {self.macro}; {self.tested}"
        fitted = {
            name: Assumption(
                value := getattr(self.factors, name),
                value * math.exp(-2 * getattr(self.deviations, name)),
                value * math.exp(2 * getattr(self.deviations, name)),
                reason,
            )
            for name in FACTORS
        }
        return replace(Assumptions(), **fitted)

    def check(self, device: str, adc_models: Sequence[str], table: PhysicalTable) -> None:
        """Check that the factors hold for a study.

        Args:
            device: device of the study.
            adc_models: ADC models of its designs.
            table: its component table.

        Raises:
            ValueError: device, ADC model, model version or component table is another one.
        """
        others = [name for name in adc_models if name != self.adc_model]
        if device != self.device:
            raise ValueError(f"is of {self.device}, but the study is of {device}")
        if others:
            raise ValueError(
                f"is of ADC model {self.adc_model}, but designs have {', '.join(others)}; put "
                f'adc_model = "{self.adc_model}" under [space]'
            )
        if self.model_version != MODEL_VERSION:
            raise ValueError(
                f"is of model version {self.model_version}, this is {MODEL_VERSION}; run imcmoo "
                "calibrate again"
            )
        if self.components != table.fingerprint:
            raise ValueError("is of another component table than that of the study")

    def to_toml(self) -> str:
        """Text of the file."""
        tables = {
            "measured": self.measured.model_dump(),
            "factors": self.factors.model_dump(),
            "deviations": self.deviations.model_dump(),
            "test": [test.model_dump() for test in self.test],
        }
        top = self.model_dump(exclude=set(tables))
        return toml_text({**top, **{key: table for key, table in tables.items() if table}})

    def to_config(self) -> dict[str, Any]:
        """Macro and its conditions, factors and worst test ratio as JSON values."""
        measured, factors = str(self.measured), self.factors.model_dump()
        return {
            **{"macro": self.macro, "measured": measured},
            **{"factors": factors, "tested": self.tested},
        }


class Macro(Table):
    """A measured macro and its settings: the file that `imcmoo calibrate` takes; `load` reads one.

    Raises:
        ValueError: a key has a wrong value; one line per fault.
    """

    macro: MacroTable
    setting: Annotated[tuple[Setting, ...], BeforeValidator(_with_one_to_fit)] = Field(min_length=1)

    def __init__(self, /, **tables: Any) -> None:
        try:
            super().__init__(**tables)
        except ValidationError as error:
            keys = {"macro": list(MacroTable.model_fields), "setting": list(Setting.model_fields)}
            keys[""] = list(type(self).model_fields)
            raise ValueError("\n".join(fault_lines(error, keys))) from None

    @classmethod
    def load(cls, path: str | Path) -> Macro:
        """Read a macro.

        Raises:
            InputError: the file has faults; one line per fault, with its key.
            OSError: the file cannot be read.
        """
        with input_errors():
            content = read_toml(Path(path))
        try:
            return cls(**content)
        except ValueError as error:
            lines = str(error).splitlines()
            raise InputError("\n".join(f"{path}: {line}" for line in lines)) from None

    def calibrate(
        self, table: PhysicalTable | None = None
    ) -> tuple[Calibration, tuple[Measurement, ...]]:
        """Fit the factors, and compare all measurements with the model.

        Args:
            table: energy, area and delay of components. If None, the shipped table.

        Raises:
            ValueError: a node, supply voltage or size is not covered, or a factor is implausible;
                begins with the key.
        """
        fit = _Fit(self, table or PhysicalTable.load())
        logs, deviations = fit.solve()
        blind, calibrated = (fit.ratios(fit.modelled(at)) for at in (np.zeros(len(logs)), logs))
        measurements = tuple(
            Measurement(*what, fit.stated(what), _rounded(before), _rounded(after))
            for what, before, after in zip(fit.measured, blind, calibrated, strict=True)
        )
        tests = [m for m in measurements if m.use == "test"]
        names = ("setting", "quantity", "blind", "calibrated")
        volts = [one.voltage_V for one in self.setting]
        calibration = Calibration(
            macro=self.macro.name,
            device=self.macro.device,
            adc_model=self.macro.adc_model,
            model_version=MODEL_VERSION,
            components=fit.table.fingerprint,
            notes=fit.notes,
            measured=Conditions(
                technology_nm=self.macro.technology_nm,
                rows=self.macro.rows,
                lowest_V=min(volts),
                highest_V=max(volts),
            ),
            factors=Factors(**dict(zip(FACTORS, map(_rounded, np.exp(logs)), strict=True))),
            deviations=Deviations(**dict(zip(FACTORS, map(_rounded, deviations), strict=True))),
            test=tuple(Tested(**{n: getattr(test, n) for n in names}) for test in tests),
        )
        return calibration, measurements


def calibrate(
    path: str | Path, *, out: str | Path | None = None, force: bool = False
) -> tuple[Path, Calibration, tuple[Measurement, ...]]:
    """Fit the factors to the macro of a file, and write them.

    Args:
        path: file of the macro.
        out: file to write. If None, `NAME.calibration.toml` beside `NAME.toml`.
        force: write over a file that is there.

    Returns:
        The written file, the calibration, and the measurements beside the model.

    Raises:
        InputError: the macro has faults, or the file to write is there.
        OSError: a file cannot be read or written.
    """
    path = Path(path)
    written = path.with_name(path.name.removesuffix(".toml") + ENDING) if out is None else Path(out)
    macro = Macro.load(path)
    if written.exists() and written.samefile(path):
        raise InputError(f"{written}: is the file of the macro; choose another with --out")
    if written.exists() and not force:
        raise InputError(f"{written}: is there already; --force writes over it")
    with input_errors(f"{path}: "):
        calibration, measurements = macro.calibrate()
    with writing(written) as temporary:
        temporary.write_text(calibration.to_toml(), encoding="utf-8")
    return written, calibration, measurements


def sentence(config: Mapping[str, Any]) -> str:
    """Sentence on a calibration, from its `to_config`, for tables and pages."""
    macro = " ".join(filter(None, (config["macro"], config.get("measured"))))
    return f"Costs are calibrated to {macro} ({config['tested']})."


def presets() -> list[str]:
    """Names of the calibrations that ship with the package."""
    return sorted(path.name.removesuffix(ENDING) for path in PRESETS.glob(f"*{ENDING}"))


def path_of(source: str) -> Path:
    """Path of the file of a calibration, by its own path or the name of a preset.

    Raises:
        ValueError: there is no such preset; names the known ones.
    """
    if is_file(source):
        return Path(source)
    if source not in presets():
        hint = did_you_mean(source, presets())
        names = ", ".join(presets())
        raise ValueError(f"unknown preset '{source}'; {hint}known: {names}, or a file (.toml)")
    return PRESETS / f"{source}{ENDING}"


def _with_tuples(content: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {k: tuple(v) if k in keys and isinstance(v, list) else v for k, v in content.items()}


class _Fit:
    """Measurements of a macro, and their modelled values for given logarithms of the factors."""

    def __init__(self, macro: Macro, table: PhysicalTable) -> None:
        self.table, self._macro, self._settings = table, macro.macro, macro.setting
        notes: list[str] = []
        self._rows = self._described(notes)
        self.notes = tuple(dict.fromkeys(notes))
        self.measured = dict(self._measurements())
        self._is_fitted = np.array([use == "fit" for _, _, use in self.measured])

    def _described(self, notes: list[str]) -> pd.DataFrame:
        """A row for each setting, as `macro_costs` takes it."""
        macro, table = self._macro, self.table
        device = macro.device
        try:
            node = nearest_node(macro.technology_nm, device, table, notes)
            rows, cols = (
                nearest_size(name, getattr(macro, name), device, table, notes)
                for name in ("rows", "cols")
            )
        except NotTabulated as error:
            raise ValueError(f"macro.{error.column}: {error}") from None
        supplies = []
        for at, setting in enumerate(self._settings):
            try:
                supplies.append(nearest_supply_V(setting.voltage_V, device, node, table, notes))
            except NotTabulated as error:
                raise ValueError(f"setting[{at}].voltage_V: {error}") from None
        columns: dict[str, Any] = macro.model_dump(
            include={
                *("device", "cell", "rows", "cols", "input_bits", "weight_bits", "adc_bits"),
                *("bits_per_cell", "input_coding", "sample_and_hold", "adc_noise"),
            }
        )
        columns |= {"node_nm": node, "array_rows": rows, "array_cols": cols}
        columns |= {"dot_product_length": macro.products, "n_adc": macro.adcs}
        return pd.DataFrame(columns, index=range(len(supplies))).assign(voltage_V=supplies)

    def _measurements(self) -> Iterator[tuple[tuple[int, str, str], float]]:
        """Measured values, in SI units, by setting, quantity and use."""
        for number, setting in enumerate(self._settings, 1):
            if setting.time_ns is not None:
                yield (number, "time_ns", setting.use), setting.time_ns * 1e-9
            if setting.energy_pJ is not None:
                energy = setting.energy_pJ * 1e-12
                yield (number, "energy_pJ", setting.use), energy
                for key, share in setting.shares.items():
                    yield (number, key, setting.use), share * energy
        if self._macro.area_um2 is not None:
            area = self._macro.area_um2 * 1e-12
            yield (0, "area_um2", "fit"), area
            if self._macro.adc_area_share is not None:
                yield (0, "adc_area_share", "fit"), self._macro.adc_area_share * area

    def stated(self, what: tuple[int, str, str]) -> float:
        """Value of a measurement in the file."""
        number, quantity, _ = what
        return float(getattr(self._settings[number - 1] if number else self._macro, quantity))

    def modelled(self, logs: Floats) -> dict[str, Floats]:
        """Columns of `macro_costs` with factors of these logarithms.

        Raises:
            ValueError: the model does not cover the macro; begins with the key.
        """
        factors = zip(FACTORS, np.exp(logs).tolist(), strict=True)
        free = {name: Assumption(value, 0.0, math.inf, "fitted") for name, value in factors}
        try:
            costs = macro_costs(
                self._rows,
                self.table,
                assumptions=replace(Assumptions(), **free),
                adc_model=self._macro.adc_model,
                held=True,
            )
        except DesignRefused as error:
            raise ValueError(f"macro.{_key(error.column)}: {error.problem}") from None
        except MissingRow as error:
            raise ValueError(f"macro.{_key(error.key)}: {error}") from None
        return {str(name): costs[name].to_numpy(dtype=float) for name in costs}

    def scaled(self, costs: Mapping[str, Floats], logs: Floats) -> dict[str, Floats]:
        """Columns of `modelled` from those without factors, a hundred times faster."""
        scaled = dict(costs)
        for parts, log in zip(SCALED.values(), logs, strict=True):
            scaled |= {part: costs[part] * math.exp(log) for part in parts}
        in_turn = np.full(len(self._rows), 1.0 - self._macro.sample_and_hold)
        scaled["time_s"] = read_and_convert(scaled["read_s"], scaled["convert_s"], in_turn)
        scaled["energy_leakage_J"] = _sum(scaled, "leak_") * scaled["time_s"]
        energy = _sum(scaled, "energy_", besides="energy_J")
        return scaled | {"energy_J": energy, "area_m2": _sum(scaled, "area_", besides="area_m2")}

    def ratios(self, costs: Mapping[str, Floats]) -> Floats:
        """Modelled over measured values of all measurements."""
        modelled = [costs[COSTS[key]][max(number - 1, 0)] for number, key, _ in self.measured]
        return np.array(modelled) / np.array(list(self.measured.values()))

    def solve(self) -> tuple[Floats, Floats]:
        """Logarithms of the factors, and their standard deviations.

        Raises:
            ValueError: a factor is implausible, or the model does not cover the macro; begins with
                the key of the latter.
        """
        costs = self.modelled(np.zeros(len(FACTORS)))

        def residuals(logs: Floats) -> Floats:
            ratios = self.ratios(self.scaled(costs, logs))[self._is_fitted]
            return np.concatenate([np.log(ratios) / ERROR, logs / PRIOR])

        tight = {"xtol": 1e-12, "ftol": 1e-12, "gtol": 1e-12}
        optimum = least_squares(residuals, np.zeros(len(FACTORS)), jac="3-point", **tight)
        logs, jacobian = optimum.x, optimum.jac
        worst = int(np.argmax(np.abs(logs)))
        if abs(logs[worst]) > math.log(LARGEST_FACTOR):
            kind = FACTORS[worst].split("_")[1]
            raise ValueError(
                f"{FACTORS[worst]} would be {math.exp(logs[worst]):.3g}, beyond "
                f"{LARGEST_FACTOR:g} or 1/{LARGEST_FACTOR:g}: {kind} of one invocation, or of one "
                "operation?"
            )
        return logs, np.sqrt(np.diag(np.linalg.inv(jacobian.T @ jacobian)))


def _sum(costs: Mapping[str, Floats], start: str, besides: str = "") -> Floats:
    """Sum of the columns whose names have a start, besides that of the whole."""
    parts = [costs[name] for name in costs if name.startswith(start) and name != besides]
    summed: Floats = np.sum(parts, axis=0)
    return summed


def _key(column: str) -> str:
    """Key of the file of a macro that states a column of the model."""
    return OF_COLUMNS.get(column, column)
