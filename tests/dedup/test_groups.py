from rushes.dedup.groups import CopyPair, group_copies


def test_the_best_is_kept_and_a_chain_costs_no_footage():
    pairs = [
        CopyPair(first=1, second=2, share_first=0.6, share_second=0.6),
        CopyPair(first=2, second=3, share_first=0.6, share_second=0.6),
    ]
    found = group_copies(pairs, {1: (5,), 2: (3,), 3: (4,)}, 0.5)
    assert {no: g.kept_instead for no, g in found.items()} == {1: None, 2: 1, 3: None}
    assert {g.group for g in found.values()} == {1}
    # The best one shows too little of the other to make it redundant.
    partly = [CopyPair(first=1, second=2, share_first=1.0, share_second=0.3)]
    found = group_copies(partly, {1: (5,), 2: (3,)}, 0.5)
    assert [found[no].kept_instead for no in (1, 2)] == [None, None]
