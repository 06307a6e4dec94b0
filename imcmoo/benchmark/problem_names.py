"""Names of the problems and their studies.

- `STUDY-v1`: a shipped study (`problems/studies/`), `STUDY-v3` of the physical model;
- `STUDY_OBJECTIVE-v3`: a study of the physical model with `interval` (initiation interval) or `snr`
  (compute SNR) of each network as further objectives;
- the same and `_least_error`, such as `STUDY_snr_least_error-v3`: its high fidelity. The window of
  an ADC is then searched for the least error, which takes most of an evaluation, instead of
  following from the spread of its sums;
- `DEVICE/NETWORKS/AREAmm2-v1`: any of the nine networks, joined by `+`, on SRAM or RRAM chips
  within an area limit, by the reference model;
- `textbook/DEVICE/NETWORKS/AREAmm2-v1`: the same structure on component costs that are free for
  commercial use (`imcmoo.benchmark.textbook`);
- `random/reference/SEED-v2`, `random/physical/SEED-v4`: a random problem.

Versions are those of the cost model and, of random problems, of how they are drawn, so that a name
stands for the same numbers for ever.
"""

from __future__ import annotations

import re
from dataclasses import replace

from imcmoo.benchmark.random_problems import random_study
from imcmoo.benchmark.textbook import TABLE
from imcmoo.hardware.devices import DEVICES
from imcmoo.io.errors import InputError, did_you_mean
from imcmoo.model.physical.memory_cells import is_exact, keeps_weights
from imcmoo.networks.workloads import SHIPPED
from imcmoo.study.catalogue import shipped_names, shipped_study
from imcmoo.study.spaces import WIDEST_SPACES
from imcmoo.study.study import Study

VERSIONS = {"reference": "-v1", "physical": "-v3"}
"""Ending of the names of problems, by cost model; earlier ones stand for earlier costs."""

DRAWN = {"reference": "-v2", "physical": "-v4"}
"""Ending of the names of random problems, by cost model; earlier ones were drawn otherwise."""

KINDS = ("enumerable", "physical", "extended", "family", "textbook")
"""Kinds of problems: studies of the reference model, studies of the physical model that can and
that cannot be enumerated, and the listed members of the two families.
"""

FURTHER = ("interval", "snr")
"""Further objectives of each network in variants of the physical studies."""

HIGH = "_least_error"
"""Ending of the stem of a problem of high fidelity, and its rule of ADC windows."""

SUBSETS = (
    "resnet18+mobilenet_v3",
    "resnet18+mobilenet_v3+densenet201",
    "mobilebert+vision_transformer",
    "resnet18+vgg16+alexnet+mobilenet_v3+densenet201+resnet50",
)
"""Networks of the listed members of the family; other subsets can be named as well."""

AREAS_MM2 = {
    device: (600, 1600) if keeps_weights(device) else (100, 800)
    for device in sorted(DEVICES, key=keeps_weights)
}
"""Area limits of listed members by device of the reference model, mm²; others can be named as well.
A chip that keeps all weights is larger."""

TEXTBOOK = (
    "textbook/sram/resnet18+mobilenet_v3/200mm2-v1",
    "textbook/sram/resnet18+vgg16+alexnet+mobilenet_v3/800mm2-v1",
    "textbook/rram/resnet18+mobilenet_v3/800mm2-v1",
    "textbook/rram/resnet18+vgg16+alexnet+mobilenet_v3/800mm2-v1",
)
"""Listed members of the family on free component costs."""

_FAMILY = re.compile(
    rf"(?P<textbook>textbook/)?(?P<device>{'|'.join(AREAS_MM2)})/(?P<networks>[^/]+)/"
    r"(?P<area>[1-9][0-9]*)mm2"
)
_PHYSICAL = re.compile(rf"\w+_(physical|extended)(_({'|'.join(FURTHER)}))?({HIGH})?")
_NAME = re.compile(r"(?P<stem>.+)(?P<version>-v[1-9][0-9]*)")
_RANDOM = re.compile(r"random/(?P<model>[a-z]+)/(?P<seed>0|[1-9][0-9]{0,17})")


def names(kind: str | None = None) -> list[str]:
    """Names of the problems.

    Args:
        kind: one of `KINDS`. If None, all.

    Raises:
        InputError: there is no such kind.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"unknown kind '{kind}'; known: {', '.join(KINDS)}")
    studies = shipped_names()
    physical = [name for name in studies if name.endswith("_physical")]
    extended = [name for name in studies if name.endswith("_extended")]
    by_kind = {
        # Studies of language models are of the physical model and no problems of the suite.
        "enumerable": [
            n
            for n in studies
            if n not in (*physical, *extended) and shipped_study(n).model == "reference"
        ],
        "physical": [*physical, *(f"{n}_{f}" for n in physical for f in _further_of(n))],
        "extended": extended,
        "family": [
            f"{device}/{networks}/{area}mm2"
            for device, areas in AREAS_MM2.items()
            for networks in SUBSETS
            for area in areas
        ],
        "textbook": [name.removesuffix(VERSIONS["reference"]) for name in TEXTBOOK],
    }
    chosen = KINDS if kind is None else (kind,)
    return [f"{stem}{name_ending(stem)}" for k in chosen for stem in by_kind[k]]


def _further_of(study: str) -> tuple[str, ...]:
    """Further objectives of variants of a physical study; exact sums have no noise."""
    has_noise = _has_noise(shipped_study(study))
    return tuple(f for f in FURTHER if f != "snr" or has_noise)


def _has_noise(study: Study) -> bool:
    return not all(map(is_exact, study.space.values_of("device")))


def name_ending(stem: str) -> str:
    """Ending of the name of a problem whose name begins with `stem`."""
    if match := _RANDOM.fullmatch(stem):
        return DRAWN.get(match["model"], VERSIONS["reference"])
    return VERSIONS["physical" if _PHYSICAL.fullmatch(stem) else "reference"]


def problem_study(name: str) -> Study:
    """The study of a problem.

    Raises:
        InputError: there is no such problem; says what names look like, or how a problem is called
            now that its costs have changed.
    """
    if match := _NAME.fullmatch(str(name)):
        stem, version = match["stem"], match["version"]
        if version == name_ending(stem) and (study := _study_of(stem, name)) is not None:
            return study
        now = f"{stem}{name_ending(stem)}"
        is_random = _RANDOM.fullmatch(stem)
        if int(version[2:]) < int(now.rpartition("-v")[2]) and (is_random or now in names()):
            why = (
                "was drawn otherwise" if is_random else "had the costs of an earlier physical model"
            )
            raise InputError(f"problem '{name}' {why}; now there is '{now}'")
    raise InputError(
        f"unknown problem '{name}'; {did_you_mean(name, names())}known: benchmark.names(), other "
        f"members of a family ({TEXTBOOK[0]}), random/reference/SEED{DRAWN['reference']} and "
        f"random/physical/SEED{DRAWN['physical']}"
    )


def _study_of(stem: str, name: str) -> Study | None:
    """The study of a problem whose name begins with `stem`; None if there is none."""
    if match := _FAMILY.fullmatch(stem):
        return _member(name, **match.groupdict())
    if match := _RANDOM.fullmatch(stem):
        return random_study(int(match["seed"]), match["model"])
    if stem.endswith(HIGH):
        return _high_fidelity(stem.removesuffix(HIGH), name)
    if stem in shipped_names():
        return shipped_study(stem)
    base, _, further = stem.rpartition("_")
    is_physical = base.endswith("_physical") and base in shipped_names()
    if is_physical and further in _further_of(base):
        return shipped_study(base).replace(name=stem, objectives=(further,))
    return None


def _high_fidelity(stem: str, name: str) -> Study | None:
    """The study of a problem with searched ADC windows; None if it has no ADCs."""
    study = _study_of(stem, name) if _PHYSICAL.fullmatch(stem) else None
    if study is None or not _has_noise(study):
        return None
    space = replace(study.space, fixed={**study.space.fixed, "adc_window": HIGH.strip("_")})
    return study.replace(name=f"{study.name}{HIGH}", space=space)


def _member(name: str, textbook: str | None, device: str, networks: str, area: str) -> Study:
    chosen = networks.split("+")
    unknown = [n for n in chosen if n not in SHIPPED]
    if unknown:
        raise InputError(f"{name}: no network '{unknown[0]}'; known: {', '.join(SHIPPED)}")
    if chosen != sorted(set(chosen), key=SHIPPED.index):
        ordered = "+".join(n for n in SHIPPED if n in chosen)
        raise InputError(f"{name}: name each network once, in the usual order: {ordered}")
    return Study(
        name=name.removesuffix(VERSIONS["reference"]).replace("/", ".").replace("+", "-"),
        space=WIDEST_SPACES[device],
        networks=chosen,
        area_limit_mm2=int(area),
        components=str(TABLE) if textbook else None,
    )
