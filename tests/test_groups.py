"""Tests that share what is dear to make, or would fight over the machine, are a group: run by one worker."""

import pytest


@pytest.mark.xdist_group("together")
def test_a_group_is_what_the_tests_are_dealt_out_by(request):
    """Where they are dealt out; the groups were of no effect once, as a new pytest took no notice of them."""
    if getattr(request.config, "workerinput", None) is not None:
        assert request.node.nodeid.endswith("@together")
