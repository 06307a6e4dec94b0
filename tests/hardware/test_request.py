"""Requests for components: which keys they are, and the command line that says the same."""

import shlex
from dataclasses import replace

import pytest

from imcmoo.cli import components_command
from imcmoo.cli.command_line import Parser
from imcmoo.hardware.request import SHIPPED, Request

PLAIN = Request("rram", (22,), rows=(48, 64), cols=(128,))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"nodes_nm": (22, 45)},
        {"millivolts": (625, 700)},
        {"macros": (1, 3), "glb_depths": (1000,)},
    ],
)
def test_the_command_line_asks_for_the_same(changed):
    request_ = replace(PLAIN, **changed)
    parser = Parser()
    components_command.add_arguments(parser)
    words = shlex.split(request_.command("mine.npz"))
    assert words[:2] == ["imcmoo", "components"]
    args = parser.parse_args(words[2:])
    assert components_command._request(args) == request_
    assert str(args.out) == "mine.npz"


def test_a_command_leaves_out_what_is_usual():
    usual = replace(PLAIN, millivolts=(650, 700), macros=SHIPPED["reference"].macros[:2])
    assert usual.command("a.npz") == (
        "imcmoo components build --device rram --technology 22 --rows 48,64 --cols 128 --out a.npz"
    )
    # 0.65 V is usual at 22 nm, but not at 45 nm.
    both = replace(usual, nodes_nm=(22, 45))
    assert "--voltage 0.65,0.7 " in both.command("a.npz")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"device": "pcm"}, "device 'pcm' is not one of rram, sram"),
        ({"nodes_nm": (130,)}, "no components at 130 nm: the libraries agree on 7, 10, .* 90 only"),
        ({"rows": (4, 64)}, "rows must be at least 8, got 4"),
        ({"cols": (1 << 30,)}, "cols must be from 1 to 16,777,216"),
        ({"macros": (0,)}, "macros must be from 1"),
    ],
)
def test_what_no_library_has_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        replace(PLAIN, **changed)
