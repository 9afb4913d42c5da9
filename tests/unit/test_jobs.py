"""Pieces of a log: each line is in one of them, wherever it is cut."""

from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules.connectors.streams import BOM
from connrules.replay.jobs import ranges
from connrules.replay.jobs.messages import Range
from connrules.replay.jobs.ranges import Ranges, read_range

PARTS = st.lists(st.sampled_from([b"a", b"bcd", b"\n", b"\n", b"\r\n", b"long" * 5]), max_size=20).map(b"".join)


@given(
    data=PARTS, bom=st.sampled_from([b"", BOM]), cuts=st.sets(st.integers(0, 60)), rest=st.sampled_from([0, 1, 4096])
)
def test_a_line_belongs_to_the_range_in_which_it_begins(data: bytes, bom: bytes, cuts: set[int], rest: int) -> None:
    data = bom + data
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    begins = [0, *(place + 1 for place, byte in enumerate(data) if byte == 0x0A)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ranges, "_REST", rest)

        for start, end in pairwise(places):
            found = read_range(BytesIO(data), Range(start, end))
            ours = [begin for begin in begins if start <= begin < end]
            after = [begin for begin in begins if begin >= end]
            stop = after[0] if after else len(data)
            assert found.data[found.begin : found.stop] == (data[ours[0] : stop].removeprefix(bom) if ours else b"")
            assert found.end == (stop if ours or after else len(data))


@pytest.mark.parametrize(("size", "longest", "pieces"), [(10, 4, 3), (8, 4, 2), (1, 4, 1), (0, 4, 0)])
def test_a_file_is_dealt_out_to_its_end(size: int, longest: int, pieces: int) -> None:
    dealt = Ranges(size, 2, longest)
    taken = []
    while (each := dealt.take(2, wait=True)) is not None:
        taken += each

    assert len(taken) == pieces
    assert taken == [Range(start, min(start + longest, size)) for start in range(0, size, longest)]
    assert dealt.position == size


def test_no_range_is_read_for_a_line_that_went_beyond_it() -> None:
    dealt = Ranges(100, 2, 10)
    dealt.take(1, wait=True)

    dealt.skip(55)

    assert dealt.take(1, wait=True) == [Range(55, 65)]
