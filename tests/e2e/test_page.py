# SPDX-License-Identifier: GPL-2.0-or-later
"""The flame graph page in a real browser: what is drawn, found and zoomed is what the folded file says.

The page and the folded lines are of one profile, made by make_page (no BPF, no root). A browser is Debian's
chromium-headless-shell or chromium.
"""
import collections
import os
import pathlib
import re
import shutil
import subprocess

import pytest

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

TOP = pathlib.Path(__file__).resolve().parents[2]
MAKE_PAGE = pathlib.Path(os.environ.get("O", "build")) / "tests/e2e/make_page"
READY = "profoundReady"


def make(directory, stacks):
    page, folded = directory / f"{stacks}.html", directory / f"{stacks}.folded"
    subprocess.run(["make", "-s", MAKE_PAGE], check=True, cwd=TOP)
    subprocess.run([TOP / MAKE_PAGE, str(stacks), page, folded], check=True)
    return page, folded


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("page"), 300)


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    return make(tmp_path_factory.mktemp("large"), 100000)


@pytest.fixture(scope="session")
def page_path(made):
    return made[0]


@pytest.fixture(scope="session")
def folded_path(made):
    return made[1]


@pytest.fixture(scope="session")
def browser():
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not path:
        pytest.skip("neither chromium-headless-shell nor chromium is installed")
    with playwright_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


class Opened:
    """A page that is ready, with what it complained about and what it asked the network for."""

    def __init__(self, browser, path, **options):
        options.setdefault("viewport", {"width": 1300, "height": 800})
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.evaluate(READY)

    def js(self, expression):
        return self.page.evaluate(expression)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def settle(self):
        self.page.wait_for_timeout(350)


@pytest.fixture
def opened(browser, page_path):
    result = Opened(browser, page_path)
    yield result
    result.context.close()
    assert not result.complaints
    assert result.requests == [page_path.as_uri()]


def stacks_of(path):
    stacks = collections.Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        stacks[tuple(stack.split(";"))] += int(count)
    return stacks


@pytest.fixture(scope="session")
def stacks(folded_path):
    return stacks_of(folded_path)


def heaviest(stacks, name):
    """The samples of the heaviest node of this name: a node is a path that ends in it."""
    nodes = collections.Counter()
    for stack, count in stacks.items():
        for i, frame in enumerate(stack):
            if frame == name:
                nodes[stack[: i + 1]] += count
    return max(nodes.values())


def test_totals_are_those_of_the_folded_file(opened, stacks):
    assert opened.js("profound.total") == sum(stacks.values()) > 0


def test_folded_lines_come_back(opened, folded_path):
    lines = opened.js("profound.folded()").encode().splitlines()
    assert sorted(lines) == folded_path.read_bytes().splitlines()


def test_folded_file_is_sorted_bytewise(folded_path):
    lines = folded_path.read_bytes().splitlines(keepends=True)
    assert lines == sorted(lines)


@pytest.mark.parametrize("query", ["main", "cache_.*_1", "_\\[k\\]$", "^fib$", "TRUNCATED", "no such name"])
def test_search_counts_a_stack_once(opened, stacks, query):
    pattern = re.compile(query, re.IGNORECASE)
    expected = sum(count for stack, count in stacks.items() if any(map(pattern.search, stack)))
    found = opened.js(f"profound.search({query!r})")
    assert found["samples"] == expected
    assert found["share"] == pytest.approx(expected / sum(stacks.values()))


def test_search_by_typing_shows_the_match_total(opened, stacks):
    expected = sum(count for stack, count in stacks.items() if "fib" in stack)
    opened.press("/")
    opened.page.keyboard.type("^fib$")
    opened.settle()
    text = opened.page.text_content("#matched")
    assert f"{expected:,} samples" in text and text.startswith(f"{100 * expected / sum(stacks.values()):.1f} %")
    opened.press("Escape")
    assert opened.page.text_content("#matched") == ""


def test_search_does_not_move_the_graph(opened):
    top = "document.getElementById('graph').getBoundingClientRect().top"
    before = opened.js(top)
    opened.page.fill("#search", "a")
    opened.settle()
    assert opened.page.text_content("#matched") != ""
    assert opened.js(top) == before


def test_search_takes_a_broken_expression_as_text(opened):
    found = opened.js("profound.search('rank(')")
    assert found["samples"] > 0
    assert "plain text" in opened.page.text_content("#matched")


def test_zoom_by_click_and_back(opened, stacks):
    box = opened.page.locator("#canvas").bounding_box()
    opened.page.mouse.click(box["x"] + 5, box["y"] + 30)
    opened.settle()
    zoomed = opened.js("profound.zoomed")
    assert zoomed == "recommender"
    view = opened.js("profound.view")
    assert view["to"] - view["from"] == heaviest(stacks, zoomed)
    opened.press("Escape")
    opened.settle()
    assert opened.js("profound.zoomed") == "all"
    assert opened.js("profound.view") == {"from": 0, "to": sum(stacks.values())}


def test_backspace_zooms_out_to_the_caller(opened):
    assert opened.js("profound.zoomTo('dot_product')")
    assert opened.js("profound.zoomed") == "dot_product"
    opened.press("Backspace")
    assert opened.js("profound.zoomed") == "Recommender::similarity(Item const&, Item const&)"


def test_reset_button(opened):
    reset = opened.page.locator("#reset")
    assert reset.is_disabled()
    opened.js("profound.zoomTo('main')")
    reset.click()
    opened.settle()
    assert opened.js("profound.zoomed") == "all" and reset.is_disabled()


def test_arrows_and_enter(opened):
    opened.press("ArrowDown", "ArrowDown")
    assert opened.js("profound.focused") == "recommender"
    opened.press("ArrowRight")
    other = opened.js("profound.focused")
    assert other not in (None, "all", "recommender")
    opened.press("ArrowLeft")
    assert opened.js("profound.focused") == "recommender"
    opened.press("ArrowDown", "ArrowUp", "Enter")
    assert opened.js("profound.zoomed") == "recommender"
    assert "samples" in opened.page.text_content("#status")


def test_next_match_is_focused(opened, stacks):
    nodes = {stack[: i + 1] for stack in stacks for i, frame in enumerate(stack) if frame == "vfs_read_[k]"}
    opened.js("profound.search('^vfs_read_')")
    seen = []
    for key in ["n"] * (len(nodes) + 1) + ["N"]:
        opened.press(key)
        assert opened.js("profound.focused") == "vfs_read_[k]"
        seen.append(opened.page.text_content("#status").split(" of all")[0])
    assert len(nodes) == 2 and len(set(seen)) == 2
    assert seen[0] == seen[2] and seen[1] == seen[3]


def test_list_of_functions_has_the_same_figures(opened, stacks):
    opened.press("f")
    rows = {row[5]: row for row in opened.js(
        "[...document.querySelectorAll('#rows tr')].map(r => [...r.cells].map(c => c.textContent))")}
    for name in ("fib", "main", "copy_user_enhanced_fast_string_[k]"):
        own = sum(count for stack, count in stacks.items() if stack[-1] == name)
        total = sum(count for stack, count in stacks.items() if name in stack)
        assert rows[name][0] == f"{own:,}" and rows[name][2] == f"{total:,}"
    opened.page.get_by_role("button", name="dot_product", exact=True).click()
    assert opened.js("profound.focused") == "dot_product"


def test_tooltip_tells_name_and_samples(opened, stacks):
    box = opened.page.locator("#canvas").bounding_box()
    opened.page.mouse.move(box["x"] + 40, box["y"] + 30)
    tip = opened.page.text_content("#tip")
    assert tip.startswith("recommender") and f"{heaviest(stacks, 'recommender'):,}" in tip


def test_tooltip_tells_source_lines(opened, stacks):
    opened.js("profound.zoomTo('dot_product')")
    opened.settle()
    box = opened.page.locator("#canvas").bounding_box()
    depth = max(stack.index("dot_product") for stack in stacks if "dot_product" in stack) + 1
    top = opened.js("document.getElementById('scroll').scrollTop")
    opened.page.mouse.move(box["x"] + 300, box["y"] + depth * 20 - top + 10)
    in_all = sum(count for stack, count in stacks.items() if "dot_product" in stack)
    assert f"similarity.cc:10{in_all:,}" in opened.page.text_content("#tip")
    assert "/src/recommender/similarity.cc:10" in opened.page.text_content("#status")


def test_deep_stacks_scroll(opened):
    opened.js("profound.zoomTo('fib')")
    opened.settle()
    scroll = "document.getElementById('scroll')"
    assert opened.js(f"{scroll}.scrollHeight") > 700 * 20
    opened.js(f"{scroll}.scrollTop = 1e6")
    opened.settle()
    opened.js("profound.draw()")
    assert opened.js("profound.drawn") > 0


def test_dark_mode_follows_the_system_and_the_button(browser, page_path):
    opened = Opened(browser, page_path, color_scheme="dark")
    assert opened.js("document.documentElement.dataset.theme") == "dark"
    opened.page.click("#theme")
    assert opened.js("document.documentElement.dataset.theme") == "light"
    opened.context.close()
    assert not opened.complaints


def test_hostile_names_run_nothing(opened):
    opened.press("f")
    assert opened.js("window.hacked") is None
    assert opened.js("document.querySelectorAll('img').length") == 0
    assert opened.js("document.scripts.length") == 1
    assert "window.hacked=1" in opened.page.text_content("#rows")


def test_network_is_forbidden(browser, page_path):
    opened = Opened(browser, page_path)
    answer = opened.js("fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.name)")
    assert answer == "TypeError"
    assert any("Content Security Policy" in complaint for complaint in opened.complaints)
    opened.context.close()


def test_browser_without_decompression_is_told(browser, page_path):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(page_path.as_uri())
    page.evaluate(READY)
    assert "too old" in page.text_content("#message")
    assert "samples" in page.text_content("#about")
    context.close()


def test_summary_without_script(browser, page_path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_path.as_uri())
    assert "1.4 µs in kernel per sample" in page.inner_text("#about")
    assert "does not run" in page.inner_text("main")
    context.close()


def test_empty_profile(browser, tmp_path):
    path, folded = make(tmp_path, 0)
    opened = Opened(browser, path)
    assert folded.read_bytes() == b""
    assert opened.js("profound.total") == 0 and opened.js("profound.folded()") == ""
    assert "no sample" in opened.page.text_content("#message")
    opened.press("ArrowDown", "Enter", "Escape", "f")
    assert not opened.complaints
    opened.context.close()


def test_100000_stacks_stay_fluid(browser, large):
    """Median of 20 full draws: a frame at 60 Hz is 16.7 ms; searching all names and nodes stays under 0.3 s."""
    opened = Opened(browser, large[0])
    lines = large[1].read_bytes().splitlines()
    assert len(lines) > 90000
    assert opened.js("profound.total") == sum(int(line.rpartition(b" ")[2]) for line in lines)
    timed = """(run) => { const times = []; for (let i = 0; i < 20; i++) {
        const began = performance.now(); run(); times.push(performance.now() - began); }
        return times.sort((a, b) => a - b)[10]; }"""
    draw = opened.js(f"({timed})(() => profound.draw())")
    search = opened.js(f"({timed})(() => profound.search('hash'))")
    drawn = opened.js("profound.drawn")
    print(f"{len(lines)} lines, {opened.js('profound.nodeCount')} nodes, {drawn} drawn: "
          f"draw {draw:.1f} ms, search {search:.1f} ms")
    assert drawn < 20000
    assert draw < 16.7 and search < 300
    assert sorted(opened.js("profound.folded()").encode().splitlines()) == lines
    opened.context.close()
