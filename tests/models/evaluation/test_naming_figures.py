"""What is found under any name, and what of that is named right."""

from smartcart.models.dataset.boxes import TrueBox
from smartcart.models.evaluation.naming_figures import Empty, NamedFind, NamedPhoto, calibration_error, naming_figures

LEFT, RIGHT, FAR = (0.1, 0.1, 0.4, 0.4), (0.6, 0.1, 0.9, 0.4), (0.1, 0.6, 0.3, 0.8)


def find(label, corners, confidence=0.9, share=0.8):
    return NamedFind(label=label, corners=corners, confidence=confidence, share=share)


def photo(*found, truth=(("bag", LEFT), ("jar", RIGHT)), complete=True, ignore_below=0.0, face=False):
    boxes = [TrueBox(label=label, corners=corners) for label, corners in truth]
    return NamedPhoto(truth=boxes, found=found, complete=complete, ignore_below=ignore_below, face=face)


def test_a_wrong_name_is_found_and_counts_as_wrong():
    figures = naming_figures([photo(find("can", LEFT), find("jar", RIGHT))])
    assert (figures.found, figures.named, figures.precision) == (1.0, 0.5, 1.0)
    assert figures.worst_pairs == [("bag", "can", 1)]


def test_what_lies_outside_all_boxes_is_wrong_only_where_every_item_is_boxed():
    found = find("bag", LEFT), find("box", FAR)
    assert naming_figures([photo(*found)]).precision == 0.5
    assert naming_figures([photo(*found, complete=False)]).precision == 1.0
    assert naming_figures([photo(*found, ignore_below=0.05)]).precision == 1.0


def test_one_box_is_met_once_and_hands_and_weak_finds_are_left_out():
    figures = naming_figures(
        [photo(find("bag", LEFT), find("bag", LEFT), find("hand", RIGHT), find("jar", RIGHT, 0.1))]
    )
    assert (figures.found, figures.precision) == (0.5, 0.5)


def test_items_in_pictures_without_goods_are_counted_by_what_these_show():
    hand, can = [("hand", FAR)], find("can", LEFT)
    known = [photo(can, truth=hand), photo(truth=hand), photo(can, can, truth=[], face=True), photo(truth=[])]
    figures = naming_figures(known)
    assert (figures.empty, figures.empty.in_100) == (Empty(photos=4, finds=3), 75.0)
    assert (figures.empty_with_hands, figures.empty_with_faces) == (Empty(photos=2, finds=1), Empty(photos=1, finds=2))
    assert figures.unlabelled.in_100 is None


def test_what_nobody_has_boxed_is_not_known_to_be_empty():
    figures = naming_figures([photo(find("can", LEFT), truth=[("hand", FAR)], complete=False)])
    assert (figures.empty, figures.unlabelled) == (Empty(), Empty(photos=1, finds=1))


def test_who_is_sure_and_wrong_is_badly_calibrated():
    assert calibration_error([(0.95, False)]) == 0.95
    assert calibration_error([]) is None
