# SPDX-License-Identifier: GPL-2.0-or-later
"""Man pages and completions: none complains, and what --help has is in all of them."""
import os
import re
import subprocess

import pytest

import tree
from conftest import need

PAGES = ["profound", *(f"profound-{command}" for command in tree.COMMANDS)]


def page(share, name):
    return share / "man1" / f"{name}.1"


def shown(path):
    """As a reader sees it, in one line per paragraph."""
    return tree.run("man", "-l", path, env={**os.environ, "MANWIDTH": "500", "MANPAGER": "cat", "LC_ALL": "C.UTF-8"})


def test_every_command_has_a_page(program, share):
    listed = re.findall(r"^  (\w+)  ", tree.run(program, "--help"), re.M)
    assert sorted(listed) == sorted([*tree.COMMANDS, "help"])
    assert sorted(path.name for path in (share / "man1").iterdir()) == sorted(f"{name}.1" for name in PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_groff_has_no_warning(share, name):
    need("groff")
    assert tree.run("groff", "-ww", "-man", "-Tutf8", "-z", page(share, name)) == ""


@pytest.mark.parametrize("name", PAGES)
def test_man_has_no_warning(share, name):
    need("man")
    said = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page(share, name)],
                          capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert said.stderr == "" and len(said.stdout) > 1000


@pytest.mark.parametrize("name", PAGES)
def test_mandoc_has_no_warning(share, name):
    need("mandoc")
    assert tree.run("mandoc", "-T", "lint", "-W", "warning", page(share, name)) == ""


@pytest.mark.parametrize("command", tree.COMMANDS)
def test_page_has_all_that_help_has(program, share, command):
    need("man")
    text, told = shown(page(share, f"profound-{command}")), tree.run(program, command, "--help")
    for option in [*tree.help_options(told), "--help"]:
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", text), option
    flat = " ".join(text.split())
    for line in told.splitlines():
        words = line[28:] if re.match(r"^  (-\w|    --)", line) else ""
        assert " ".join(words.split()) in flat, line
    for section in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"):
        assert f"\n{section}\n" in text


def test_page_shows_what_is_typed(share):
    """Quotes, carets, dashes and backslashes are those of the shell, not of a printer."""
    need("man")
    text = shown(page(share, "profound-report"))
    assert "profound report --focus '^parse' web.folded" in text
    assert r"--hide '^runtime\.'" in text


@pytest.mark.parametrize("shell,file", [("bash", "profound.bash"), ("zsh", "_profound"), ("fish", "profound.fish")])
def test_shell_can_parse_it(share, shell, file):
    need(shell)
    assert tree.run(shell, "-n", share / "completions" / file) == ""


SPELLED = {
    "profound.bash": lambda option: rf"(?<![\w-]){option}(?![\w-])",
    "_profound": lambda option: rf"'(?:\(- \*\))?\*?{option}[+=]?\[",
    "profound.fish": lambda option: (rf" -l {option[2:]} " if option.startswith("--") else rf" -s {option[1:]} "),
}


def section(text, file, command):
    """What is about one command."""
    if file == "profound.fish":
        return "\n".join(line for line in text.splitlines() if f"'__profound_in {command}" in line)
    begin, end = {"profound.bash": (rf"\n\t{command}\)\n", r"\n\t\t;;\n"), "_profound": (rf"\n_profound_{command}\(\)", r"\n}\n")}[file]
    return re.search(rf"{begin}(.*?){end}", text, re.S).group(1)


@pytest.mark.parametrize("file", SPELLED)
@pytest.mark.parametrize("command", tree.COMMANDS)
def test_completion_has_all_that_help_has(program, share, command, file):
    part = section((share / "completions" / file).read_text(), file, command)
    for option in [*tree.help_options(tree.run(program, command, "--help")), "--help"]:
        assert re.search(SPELLED[file](option), part), option


ASKED = [
    ("re", ["record", "report"]),
    ("--ver", ["--version"]),
    ("help de", ["debug"]),
    ("record --fr", ["--freq", "--frequency"]),
    ("record --format fo", ["folded"]),
    ("report --format=ot", ["otlp"]),
    ("report --by co", ["comm", "container"]),
    ("agent --log-format ", ["json", "logfmt"]),
    ("list c", ["causes"]),
    ("debug ", ["names", "sample", "stack", "tables"]),
    ("debug tables here", ["here.otlp"]),
    ("report her", ["here.otlp"]),
    ("query --store fol", ["folder"]),
    ("record -e cpu-cl", ["cpu-clock"]),
    ("record -d 1 -- debcon", ["debconf"]),
]


def answers(shell, share, words, folder, program):
    text, completions = f"profound {words}", share / "completions"
    if shell == "fish":
        asked = ["fish", "--no-config", "-c", f"source {completions}/profound.fish; complete -C $argv[1]", "--", text]
    else:
        # As readline divides it: = is a word of its own.
        divided = [word for word in re.split(r" |(=)", text) if word is not None]
        quoted = " ".join(f"'{word}'" for word in divided)
        asked = ["bash", "--norc", "-c", f"source {completions}/profound.bash; COMP_WORDS=({quoted}); "
                 f"COMP_CWORD={len(divided) - 1}; _profound; printf '%s\\n' \"${{COMPREPLY[@]}}\""]
    said = tree.run(*asked, cwd=folder, env={"PATH": f"{program.parent}:/usr/bin:/bin:/usr/sbin", "HOME": str(folder)})
    lines = {line.split("\t")[0].rstrip("/") for line in said.splitlines() if line}
    return sorted({line.removeprefix("--format=") for line in lines})


@pytest.mark.parametrize("shell", ["bash", "fish"])
@pytest.mark.parametrize("words,wanted", ASKED, ids=lambda value: value if isinstance(value, str) else "")
def test_shell_completes(program, share, tmp_path, shell, words, wanted):
    need(shell)
    if "debcon" in words and not os.path.exists("/usr/bin/debconf"):
        pytest.skip("no /usr/bin/debconf here, which the completion of a command is asked for")
    if words.startswith("record -e") and os.geteuid():
        pytest.skip("needs root: events do not open otherwise")
    (tmp_path / "here.otlp").touch()
    (tmp_path / "folder").mkdir()
    found = answers(shell, share, words, tmp_path, program)
    assert [word for word in found if not word.startswith("debconf-")] == wanted


# A terminal's zsh: a line is typed up to TAB, and read back as it is then. Each line is an argument from the fourth on.
ZSH = r"""
zmodload zsh/zpty
zpty asked zsh -f -i
zpty -w asked "PS1=; fpath=($1 \$fpath); path=($2 \$path); autoload -U compinit; compinit -u -D; cd $3; echo re''ady"
zpty -r -m asked line '*ready*'
for words in "${@:4}"; do
	zpty -w -n asked "$words"$'\t'
	text=
	for i in {1..60}; do
		sleep 0.1
		zpty -r -t asked line && text+=$line
		[[ ${text//[$'\a\b']/} == *"$words"?* ]] && break
	done
	sleep 0.1
	zpty -r -t asked line && text+=$line
	print -r -- "${text//[$'\a\b\r\n']/}"
	zpty -w -n asked $'\C-u'
done
zpty -d asked
"""
TYPED = {
    "profound rec": "record ", "profound record --kern": "--kernel-stacks-only ", "profound record --format fo": "folded ",
    "profound report --by cont": "container ", "profound list cau": "causes ", "profound debug tab": "tables ",
    "profound help que": "query ", "profound record -d 1 -- gzip --decom": "--decompress ", "profound report her": "here.otlp ",
}


def test_zsh_completes(program, share, tmp_path):
    need("zsh")
    (tmp_path / "here.otlp").touch()
    said = tree.run("zsh", "-f", "-c", ZSH, "zsh", share / "completions", program.parent, tmp_path, *TYPED,
                    env={**os.environ, "HOME": str(tmp_path), "TERM": "dumb"}).splitlines()
    assert len(said) == len(TYPED)
    for line, (words, last) in zip(said, TYPED.items(), strict=True):
        wanted = " ".join([*words.split(" ")[:-1], last])
        assert wanted in line, (wanted, line)


@pytest.mark.parametrize("command,option", [("record", "--format"), ("report", "--by"), ("agent", "--log-format")])
def test_choices_are_taken(program, share, command, option):
    """What is offered is what the parser takes: --help ends it after the option was checked."""
    text = (share / "completions" / "profound.bash").read_text()
    part = section(text, "profound.bash", command)
    choices = re.search(rf"\t{option}\) _profound_words '([^']*)'", part).group(1).split()
    assert len(choices) >= 2
    for choice in choices:
        before = ["-o", "x"] if option == "--format" else []
        tree.run(program, command, *before, option, choice, "--help")


@pytest.mark.parametrize("command,more", [("list", []), ("debug", ["1"])])
def test_words_are_taken(program, share, command, more):
    part = section((share / "completions" / "profound.bash").read_text(), "profound.bash", command)
    words = re.search(r"words='([^']*)'", part).group(1).split()
    assert len(words) == 4
    for word in words:
        tree.run(program, command, word, *more, "--help")


def test_help_opens_the_page(program, share, tmp_path):
    """`profound help CMD` is the page where man finds one, else the text of --help."""
    need("man")
    environment = {"PATH": "/usr/bin:/bin", "MANPATH": str(share / "man"), "MANPAGER": "cat", "LC_ALL": "C.UTF-8"}
    (tmp_path / "man").mkdir()
    (tmp_path / "man/man1").symlink_to(share / "man1")
    page_text = tree.run(program, "help", "record", env={**environment, "MANPATH": str(tmp_path / "man")})
    assert "PROFOUND-RECORD(1)" in page_text and "EXIT STATUS" in page_text
    told = tree.run(program, "record", "--help")
    assert tree.run(program, "help", "record", env={**environment, "MANPATH": "/nonexistent"}) == told
    assert tree.run(program, "help", "record", env={"PATH": "/nonexistent"}) == told
