from rushes.review.clip_order import replace_in_order


def test_an_order_goes_on_with_the_clips_that_replace_others():
    ids = ["a", "b", "c", "d"]
    assert replace_in_order(ids, ["b"], ["B"]) == (["a", "B", "c", "d"], [])
    assert replace_in_order(ids, ["b"], ["x", "y"]) == (["a", "x", "y", "c", "d"], [(1, 1)])
    assert replace_in_order(ids, ["b", "d"], ["x"]) == (["a", "x", "c"], [(3, -1)])
    assert replace_in_order(ids, ["z"], ["x"]) == (ids, [])
