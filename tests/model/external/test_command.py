import sys
import textwrap
import threading

import pytest

from imcmoo.model.external.evaluation import Command, EvaluationFailed

DESIGN = {"x": 2, "kind": "a"}


def python(code, timeout_s=None):
    return Command([sys.executable, "-c", textwrap.dedent(code)], timeout_s=timeout_s)


def test_a_command_reads_the_design_and_writes_its_answer():
    doubled = python("""
        import json, sys
        asked = json.load(sys.stdin)
        print(json.dumps({"energy": {n: 2.0 * asked["design"]["x"] for n in asked["networks"]}}))
    """)
    with pytest.raises(ValueError, match="command 'no-such-program' is no program"):
        Command(["no-such-program"], timeout_s=None)
    assert doubled(DESIGN, ["net", "other"]) == {"energy": {"net": 4.0, "other": 4.0}}


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys; sys.exit('cannot\\nroute it')", "exit code 1: route it"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by SIGKILL"),
        ("print('done')", "its answer is not JSON: done"),
        ("", "its answer is not JSON: nothing"),
    ],
)
def test_a_crash_is_told_in_one_line(code, why):
    with pytest.raises(EvaluationFailed) as error:
        python(code)(DESIGN, ["net"])
    assert str(error.value) == why


def test_a_time_out_ends_what_the_command_has_started():
    # The child holds the pipes open: were it left, this would wait for it.
    spawning = python(
        "import subprocess, sys; subprocess.run([sys.executable, '-c', "
        "'import time; time.sleep(600)'])",
        timeout_s=1,
    )
    with pytest.raises(EvaluationFailed, match="took longer than 1 s"):
        spawning(DESIGN, ["net"])


def test_a_command_is_ended_on_request():
    sleeping = python("import time; time.sleep(600)")
    failures = []

    def run():
        try:
            sleeping(DESIGN, ["net"])
        except EvaluationFailed as error:
            failures.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        sleeping.end()
        thread.join(0.05)
    assert failures == ["was ended by SIGKILL"]
