"""The page as people get it: whole in itself, and looked at in a real browser."""

import re
from html.parser import HTMLParser

import pytest

from seedbed.report import gather_facts, write_page
from tests.report.messages import (
    HOSTILE,
    LEAF,
    NOTE,
    make_checkpoints,
    make_evaluation,
    make_metrics,
    make_rows,
    make_run,
)

VOID = {"meta", "link", "input", "br", "wbr", "hr", "img"}


class Nesting(HTMLParser):
    """Finds elements that are closed in another order than they were opened."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.wrong, self.labels = [], [], [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if "id" in values:
            self.ids.append(values["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.fixture(scope="module")
def page():
    samples, candidates = make_rows()
    facts = gather_facts(
        make_run(), samples, candidates, make_checkpoints(), make_metrics(), make_evaluation()
    )
    return write_page(facts)


def test_it_is_whole_in_itself_and_well_nested(page):
    # Names of XML are no addresses that anything is fetched from.
    fetched = re.sub(r'xmlns(:xlink)?="[^"]*"', "", page)
    assert "http" not in fetched.partition('id="rows"')[0].replace("http-equiv", "")
    found = Nesting()
    found.feed(page)
    assert found.wrong == []
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))


def test_it_says_why_calls_were_given_up(page):
    assert '<td>a reply &lt;cut&gt; at the limit</td><td class="right">1</td>' in page


def test_what_samples_say_cannot_become_part_of_the_page(page):
    assert HOSTILE not in page
    assert page.count("<script") == 2


def test_it_names_what_of_the_documents_was_not_read(page):
    assert f'<p class="reason">{NOTE}</p>' in page


def test_a_run_without_training_says_nothing_of_it():
    samples, candidates = make_rows()
    page = write_page(gather_facts(make_run(), samples, candidates))
    assert 'id="training"' not in page
    assert 'id="gain"' not in page
    assert 'id="funnel"' in page


def test_a_browser_shows_it_without_complaint(page, chromium, tmp_path):
    (tmp_path / "report.html").write_text(page)
    loaded = chromium.open(tmp_path / "report.html", tmp_path / "profile")
    assert loaded.console == []
    assert "<title>Seedbed: run r0123456789abcdef</title>" in loaded.dom
    assert loaded.dom.count('class="sample"') == 4
    assert "1 to 4 of 4" in loaded.dom
    assert "+0.500" in loaded.dom


def test_a_script_that_fails_would_be_seen(page, chromium, tmp_path):
    (tmp_path / "report.html").write_text(page.replace('id="earlier"', 'id="gone"'))
    loaded = chromium.open(tmp_path / "report.html", tmp_path / "profile")
    assert "null" in " ".join(loaded.console)


def test_a_browser_finds_a_sample_and_shows_its_pedigree(page, chromium, tmp_path):
    act = """<script>
    const set = (id, value, what) => {
      const field = document.getElementById(id);
      field.value = value;
      field.dispatchEvent(new Event(what));
    };
    set("words", "FAITHFUL seed", "input"); set("end", "rejected", "change");
    document.querySelector("details.sample").open = true;
    </script></body>"""
    (tmp_path / "report.html").write_text(page.replace("</body>", act))
    loaded = chromium.open(tmp_path / "report.html", tmp_path / "profile")
    assert loaded.console == []
    assert "1 to 1 of 1" in loaded.dom
    shown = loaded.dom.partition('id="list"')[2].partition('class="pages"')[0]
    assert "germination.md" in shown
    assert "It stands there." in shown
    assert LEAF in shown


FITS = """<script>
const beside = "thead, thead *, svg, svg *";
const block = (e) => !e.matches(beside) && getComputedStyle(e).display !== "inline";
const wide = (e) => block(e) && e.scrollWidth > e.clientWidth + 1;
const clipped = [...document.querySelectorAll("body, main *, header *")].filter(wide);
console.log(clipped.length ? "clipped: " + clipped.map((e) => e.outerHTML.slice(0, 80)) : "all fits");
</script></body>"""


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("paper", [False, True], ids=["screen", "paper"])
def test_nothing_is_clipped_however_narrow_the_window(page, chromium, tmp_path, width, paper):
    long = "compositional_skills/grounded/very_long_folder_names_as_people_give_them/action_items_of_meetings"
    page = page.replace(LEAF, long).replace(LEAF.replace("/", "/<wbr>"), long.replace("/", "/<wbr>"))
    if paper:
        page = page.replace("@media screen", "@media none").replace("@media print", "@media all")
        width = max(width, 700)
    (tmp_path / "report.html").write_text(page.replace("</body>", FITS))
    frame = f'<iframe src="report.html" style="border: 0; width: {width}px; height: 4000px"></iframe>'
    (tmp_path / "frame.html").write_text(frame)
    assert chromium.open(tmp_path / "frame.html", tmp_path / "profile").console == ["all fits"]
