"""What is found under any name, and what of that is named right."""

from smartcart.models.dataset.boxes import TrueBox
from smartcart.models.evaluation.naming_figures import NamedFind, NamedPhoto, calibration_error, naming_figures

LEFT, RIGHT, FAR = (0.1, 0.1, 0.4, 0.4), (0.6, 0.1, 0.9, 0.4), (0.1, 0.6, 0.3, 0.8)


def find(label, corners, confidence=0.9, share=0.8):
    return NamedFind(label=label, corners=corners, confidence=confidence, share=share)


def photo(*found, truth=(("bag", LEFT), ("jar", RIGHT)), complete=True, ignore_below=0.0):
    boxes = [TrueBox(label=label, corners=corners) for label, corners in truth]
    return NamedPhoto(truth=boxes, found=found, complete=complete, ignore_below=ignore_below)


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


def test_items_in_pictures_without_items_are_counted_apart():
    empty = photo(find("can", LEFT), truth=[("hand", FAR)], complete=False)
    figures = naming_figures([empty, photo(truth=[])])
    assert (figures.photos_without_items, figures.false_in_those, figures.found) == (2, 1, None)


def test_who_is_sure_and_wrong_is_badly_calibrated():
    assert calibration_error([(0.95, False)]) == 0.95
    assert calibration_error([]) is None
