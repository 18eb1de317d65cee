"""F26: however the rows of a part trickle in within the settling time, no pass is ever taken back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hmi.settings import load_settings
from hmi.store import Store
from tests.conftest import SECRET
from tests.lines import LARGE, SMALL, Line, defect, image, trigger

arrivals = st.lists(st.tuples(st.floats(0.1, 30), st.sampled_from([SMALL, LARGE])), max_size=6)


@settings(max_examples=12)
@given(arrivals=arrivals, tick_s=st.floats(2, 6))
def test_defects_that_come_up_to_thirty_seconds_after_their_image_never_turn_a_pass(
    arrivals, tick_s, migrated_file, tmp_path_factory
):
    file = tmp_path_factory.mktemp("flips") / "store.db"
    file.write_bytes(migrated_file.read_bytes())
    line = Line(
        load_settings(
            environment={},
            database={"url": "sqlite:///plant.db"},
            store={"url": f"sqlite:///{file}"},
            auth={"secret_key": SECRET},
            line={"cameras": [{"serial": "A"}], "settle_s": 35, "grace_s": 60},
        ),
        Store(f"sqlite:///{file}"),
    )
    rows = sorted((at_s, number, size) for number, (at_s, size) in enumerate(arrivals, start=1))
    line.read(0, trigger(), image(1, "A"))
    line.files(1)
    at_s, verdicts = 0.0, []
    while at_s < 75:
        at_s += tick_s
        due = [row for row in rows if row[0] <= at_s]
        rows = rows[len(due) :]
        line.read(at_s, *(defect(number, 1, size, y=800 * number) for _, number, size in due))
        verdicts.append(line.verdict())
    line.store.close()
    first_final = next(index for index, verdict in enumerate(verdicts) if verdict != "waiting")
    assert "waiting" not in verdicts[first_final:]
    if "pass" in verdicts:
        assert set(verdicts[verdicts.index("pass") :]) == {"pass"}
    assert verdicts[-1] == ("fail" if any(size == LARGE for _, size in arrivals) else "pass")
