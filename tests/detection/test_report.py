"The page about a detector."
import re

from lossbook.detection.evaluation import evaluate_detections
from lossbook.detection.report import html_report
from tests.detection.test_cli import DRAWINGS
from tests.detection.test_files import RESULTS, TRUTH, changed


def test_it_holds_the_numbers():
    evaluation = evaluate_detections(*DRAWINGS)
    page = html_report(evaluation, "Drawings")
    for line in evaluation.lines(): assert line in page
    for row in evaluation.per_category():
        assert f"<th>{row['name']}</th>" in page and f"<td>{row['AP50']:.3f}</td>" in page
    assert page.count("<svg") == 2
    assert f"{evaluation.best_threshold().f1:.3f}" in page
    assert "max detections" in page and "<title>Drawings</title>" in page


def test_it_asks_no_other_computer():
    page = html_report(evaluate_detections(*DRAWINGS))
    links = re.findall(r"""(?:src|href)=["']([^"'#][^"']*)|url\(([^)#]*)\)|@import""", page)
    assert links == []


def test_names_are_escaped():
    evil = "<script>alert('x')</script>"
    truth = changed(TRUTH, "categories", 0, "name", to=evil)
    page = html_report({evil: evaluate_detections(truth, RESULTS)}, evil)
    assert "<script" not in page and "&lt;script&gt;" in page


def test_several_and_nothing():
    both = {"some": evaluate_detections(TRUTH, RESULTS), "none": evaluate_detections(TRUTH, [])}
    page = html_report(both)
    assert "<h2>some</h2>" in page and "there is no detection: no curve" in page
    empty = html_report(evaluate_detections(changed(TRUTH, "annotations", to=[]), RESULTS))
    assert "there is no object to be found: no curve" in empty


def test_classes_of_one_name_have_a_row_each():
    truth = changed(TRUTH, "categories", 0, "name", to=TRUTH["categories"][1]["name"])
    page = html_report(evaluate_detections(truth, RESULTS))
    assert page.count(f"<th>{TRUTH['categories'][1]['name']}</th>") == 4  # two in each of two tables


def test_it_follows_the_readers_theme():
    page = html_report(evaluate_detections(TRUTH, RESULTS))
    light, dark = page.split("</style>")[0].split("@media (prefers-color-scheme: dark)")
    assert "--lb-paper: #fdfdfc" in light and "--lb-paper: #15191e" in dark
    assert page.count("{") == page.count("}") and page.count('role="img"') == page.count("aria-label=") == 2
    assert 'name="viewport"' in page
