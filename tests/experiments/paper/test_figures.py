"""The figures of the study show what their tables say."""

from experiments.paper.figures import figures
from experiments.paper.tables import Tables
from experiments.publish import to_csv
from imcmoo.report import style


def test_the_published_data_of_all_figures_are_those_of_this_code(published):
    drawn = set()
    for name, (frame, draw) in figures(Tables(published)).items():
        text = (published / "figures" / f"{name}.csv").read_text(encoding="utf-8")
        assert text == to_csv(frame), name
        if draw not in drawn:  # every kind can be drawn
            drawn.add(draw)
            assert draw(frame, style.WIDTH).axes
